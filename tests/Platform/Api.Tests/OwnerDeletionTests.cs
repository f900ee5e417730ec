using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>
/// Organizations and projects that are deleted while others create in them and clients leave. Whatever comes first: nothing is left without
/// its owner, and no owner is left marked.
/// </summary>
public sealed class OwnerDeletionTests : IAsyncLifetime
{
    private const int Rounds = 60;

    private readonly Random random = Seeded.Random();
    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Delete_OfAProject_AgainstCreationsInIt_LeavesNothingWithoutAnOwner()
    {
        var outcomes = new HashSet<int>();
        for (var round = 0; round < Rounds; round++)
        {
            var project = $"p-{round}";
            Assert.Equal(201, (await http.SendJsonAsync("POST", "/api/v1/projects", $$"""{"name":"{{project}}","spec":{} }""")).Status);
            var creations = Enumerable.Range(0, 3).Select(i => CreateAsync($"w-{round}-{i}", Pause())).ToArray();
            int?[] deletions = await Task.WhenAll(
                DeleteAsync(Pause(), leaves: null), DeleteAsync(Pause(), leaves: null), DeleteAsync(Pause(), leaves: Pause()));
            await Task.WhenAll(creations);
            var now = await SettledAsync($"/api/v1/projects/{project}");
            Assert.Equal(deletions.Take(2).Contains(200) || now.Status == 404, now.Status == 404);
            outcomes.Add(now.Status);

            async Task CreateAsync(string name, TimeSpan pause)
            {
                await Task.Delay(pause);
                var made = await http.SendJsonAsync("POST", "/api/v1/widgets", $$"""{"name":"{{name}}","project":"{{project}}","spec":{} }""");
                Assert.True(made.Status is 201 or 400 or 404 or 409, made.Body.ToString());
            }

            Task<int?> DeleteAsync(TimeSpan pause, TimeSpan? leaves) => this.DeleteAsync($"/api/v1/projects/{project}", pause, leaves);
        }
        await foreach (var widget in AllAsync(host.Org, WidgetKind.Kind))
            Assert.NotNull(
                await host.Log.ReadAsync(host.Org, ProjectKind.Kind.EntityOf(ResourceDocument.ProjectOf(widget)!), AsOf.Latest, default));
        TestContext.Current.TestOutputHelper?.WriteLine($"outcomes with STRATA_SEED={Seeded.Seed}: {string.Join(", ", outcomes)}");
    }

    /// <summary>Half of what is put in it is made with the label, and half gets it by a change.</summary>
    [Fact]
    public async Task Delete_OfAnEnvironment_AgainstWhatIsPutInIt_LeavesNoLabelWithoutOne()
    {
        var outcomes = new HashSet<int>();
        Assert.Equal(201, (await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"home","spec":{} }""")).Status);
        for (var round = 0; round < Rounds; round++)
        {
            var stage = $"s-{round}";
            Assert.Equal(201, (await http.SendJsonAsync("POST", "/api/v1/environments", $$"""{"name":"{{stage}}","spec":{} }""")).Status);
            var changed = await MakeAsync($"c-{round}", "{}");
            Assert.Equal(201, changed.Status);
            int?[] deletions = await Task.WhenAll(
                DeleteAsync(Pause(), leaves: null), DeleteAsync(Pause(), leaves: Pause()), PutAsync(PatchAsync), PutAsync(CreateAsync));
            var now = await SettledAsync($"/api/v1/environments/{stage}");
            outcomes.Add(now.Status);
            var inIt = $"/api/v1/boxes?labels.environment={stage}";
            if (now.Status == 404) Assert.Empty((await http.SendJsonAsync("GET", inIt)).Body.GetProperty("items").EnumerateArray());
            else Assert.DoesNotContain(200, deletions.Take(1));

            Task<JsonAnswered> PatchAsync() => http.SendJsonAsync(
                "PATCH", $"/api/v1/boxes/c-{round}", $$"""{"labels":{"environment":"{{stage}}"} }""", "application/merge-patch+json");

            Task<JsonAnswered> CreateAsync() => MakeAsync($"b-{round}", $$"""{"environment":"{{stage}}"}""");

            async Task<int?> PutAsync(Func<Task<JsonAnswered>> put)
            {
                await Task.Delay(Pause());
                var made = await put();
                Assert.True(made.Status is 200 or 201 or 400, made.Body.ToString());
                return null;
            }

            Task<int?> DeleteAsync(TimeSpan pause, TimeSpan? leaves) => this.DeleteAsync($"/api/v1/environments/{stage}", pause, leaves);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"outcomes with STRATA_SEED={Seeded.Seed}: {string.Join(", ", outcomes)}");

        Task<JsonAnswered> MakeAsync(string name, string labels) => http.SendJsonAsync(
            "POST", "/api/v1/boxes", $$"""{"name":"{{name}}","project":"home","labels":{{labels}},"spec":{} }""");
    }

    [Fact]
    public async Task Delete_OfAnOrganization_AgainstCreationsInIt_LeavesNothingWithoutAnOwner_AndNobodyLockedOut()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"o-{round}";
            var org = (await http.SendJsonAsync("POST", "/api/v1/organizations", $$"""{"name":"{{name}}","spec":{} }""")).Text("id");
            Assert.Equal(200, (await http.SendJsonAsync("DELETE", $"/api/v1/projects/default?org={name}")).Status);
            var creations = Enumerable.Range(0, 3).Select(i => CreateAsync($"p-{i}", Pause())).ToArray();
            await Task.WhenAll(DeleteAsync(name, Pause(), null), DeleteAsync(name, Pause(), null), DeleteAsync(name, Pause(), Pause()),
                DeleteAsync("default", Pause(), null));
            var made = await Task.WhenAll(creations);
            var now = await SettledAsync($"/api/v1/organizations/{org}");
            Assert.True(TenantId.TryParse(org, out var tenant));
            var left = 0;
            await foreach (var _ in AllAsync(tenant, ProjectKind.Kind)) left++;
            Assert.Equal(now.Status == 404 ? 0 : made.Count(status => status == 201), left);

            async Task<int> CreateAsync(string project, TimeSpan pause)
            {
                await Task.Delay(pause);
                var answer = await http.SendJsonAsync("POST", $"/api/v1/projects?org={org}", $$"""{"name":"{{project}}","spec":{} }""");
                Assert.True(answer.Status is 201 or 404 or 409, answer.Body.ToString());
                return answer.Status;
            }

            Task<int?> DeleteAsync(string organization, TimeSpan pause, TimeSpan? leaves) =>
                this.DeleteAsync($"/api/v1/organizations/{organization}", pause, leaves);
        }
        Assert.Equal("ACTIVE", (await http.SendJsonAsync("GET", "/api/v1/organizations/default")).Text("state"));
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/projects")).Status);
    }

    /// <returns>Null where the client left before the answer.</returns>
    private async Task<int?> DeleteAsync(string path, TimeSpan pause, TimeSpan? leaves)
    {
        await Task.Delay(pause);
        using var client = new CancellationTokenSource(leaves ?? Timeout.InfiniteTimeSpan);
        try
        {
            using var answer = await http.DeleteAsync(new Uri(path, UriKind.Relative), client.Token);
            Assert.True((int)answer.StatusCode is 200 or 404 or 409 or 412,
                $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            return (int)answer.StatusCode;
        }
        catch (OperationCanceledException) when (leaves is not null)
        {
            return null;
        }
    }

    /// <summary>Once the deletions whose clients left have ended: there and not marked, or gone.</summary>
    private async Task<JsonAnswered> SettledAsync(string path)
    {
        JsonAnswered? now = null;
        await Wait.UntilAsync(async () => (now = await http.SendJsonAsync("GET", path)).Status == 404 || now.Text("state") == "ACTIVE",
            $"{path} is not marked");
        return now!;
    }

    private async IAsyncEnumerable<EntityRevision> AllAsync(TenantId tenant, Kind kind)
    {
        ScanPosition? after = null;
        while (true)
        {
            var page = await host.Log.ScanAsync(
                new Scan { Tenant = tenant, Model = kind.Model, After = after, Limit = PageLimits.Max }, default);
            foreach (var revision in page) yield return revision;
            if (page.IsLast) yield break;
            after = new ScanPosition(page[^1].Tenant, page[^1].Id);
        }
    }

    private TimeSpan Pause() => TimeSpan.FromMilliseconds(random.NextDouble() * 4);
}
