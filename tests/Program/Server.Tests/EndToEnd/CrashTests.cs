using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>A cloud of the class's own, which each test finds running and without applications.</summary>
public sealed class CrashCloud : Cloud;

/// <summary>kill -9 and restarts: nothing acknowledged is lost, nothing half done is left, what ran runs on.</summary>
public sealed class CrashTests(CrashCloud cloud) : IClassFixture<CrashCloud>, IAsyncLifetime
{
    private const int Creates = 200;

    /// <summary>Takes away what the test before deployed.</summary>
    public async ValueTask InitializeAsync()
    {
        if (cloud.Pid is null) (await cloud.UpAsync()).ShouldSucceed();
        foreach (var name in (await ListAsync(cloud, "deployments")).Select(d => d.GetProperty("name").GetString()!)
            .Where(name => name != "welcome"))
            (await cloud.RunAsync("delete", $"deployment/{name}", "--yes")).ShouldSucceed();
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Kill_AmidCreatesAndADeployment_LosesNothingAcknowledged()
    {
        using var app = AppFolder.Saying("before");
        (await cloud.RunAsync("deploy", app.Path, "--name", "steady")).ShouldSucceed();
        var ran = await ProcessAsync(cloud, "steady");
        await DefineModelAsync(cloud);

        app.Write("marker.txt", "another release");
        var deploying = cloud.RunAsync("deploy", app.Path, "--name", "steady");
        var acknowledged = new ConcurrentBag<string>();
        var creating = CreateAsync(cloud, acknowledged);
        await Wait.UntilAsync(() => acknowledged.Count > Creates / 4, "a quarter of the creates is acknowledged");
        await cloud.KillAsync();
        await creating;
        await deploying;
        Assert.Equal("before\n", await PageOfInstanceAsync(ran)); // it runs on without a server

        (await cloud.UpAsync()).ShouldSucceed();
        foreach (var id in acknowledged) using (await cloud.Client.SendAsync(HttpMethod.Get, $"/api/entity/{id}")) { }
        Assert.Contains("before", await cloud.GetPageAsync("steady"));
        await SettledAsync(cloud, "steady");
        await NothingHalfDoneAsync(cloud);
    }

    [Fact]
    public async Task Kill_AndUp_AdoptsInstancesAndTheDatabase()
    {
        using var app = AppFolder.Saying("adopted");
        (await cloud.RunAsync("deploy", app.Path, "--name", "kept")).ShouldSucceed();
        var before = await ProcessAsync(cloud, "kept");
        await cloud.KillAsync();
        var dead = await cloud.RunAsync("status");
        Assert.Equal(1, dead.ExitCode);
        Assert.Contains("died without being asked to stop", dead.Error);
        Assert.Matches("Start it again with: strata .*up -d", dead.Error);
        (await cloud.UpAsync()).ShouldSucceed();
        Assert.Equal("adopted\n", await cloud.GetPageAsync("kept"));
        Assert.Equal(before.StartedAt, (await ProcessAsync(cloud, "kept")).StartedAt);
        Assert.Equal(0, (await ProcessAsync(cloud, "kept")).Restarts);
        Assert.Contains("adopted", (await cloud.RunAsync("status")).ShouldSucceed().Output);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DownAndUp_NeverStopsInstances()
    {
        using var app = AppFolder.Saying("upgraded around");
        (await cloud.RunAsync("deploy", app.Path, "--name", "lasting")).ShouldSucceed();
        var before = await ProcessAsync(cloud, "lasting");
        var down = (await cloud.RunAsync("down")).ShouldSucceed();
        Assert.Contains("1 instance, the database. \"strata up\" takes over what runs; \"strata down --all\" stops it.", down.Error);
        Assert.Contains("The edge ended with the server", down.Error);
        Assert.Equal("upgraded around\n", await PageOfInstanceAsync(before));
        Assert.Contains("Still running: 1 instance", (await cloud.RunAsync("down")).ShouldSucceed().Error);
        (await cloud.UpAsync()).ShouldSucceed();
        Assert.Equal(before, await ProcessAsync(cloud, "lasting"));
        Assert.Equal("upgraded around\n", await cloud.GetPageAsync("lasting"));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DownAllAndUp_BringsEverythingBack()
    {
        using var app = AppFolder.Saying("back again");
        (await cloud.RunAsync("deploy", app.Path, "--name", "resting")).ShouldSucceed();
        (await cloud.RunAsync("scale", "resting", "2")).ShouldSucceed();
        (await cloud.RunAsync("api", "PATCH", "/api/v1/routes/resting", "-d", """{"spec":{"limits":{"holdSeconds":60}}}""")).ShouldSucceed();
        (await cloud.RunAsync("down", "--all")).ShouldSucceed();
        Assert.Equal(1, (await cloud.RunAsync("status")).ExitCode);
        (await cloud.UpAsync()).ShouldSucceed();
        Assert.Equal("back again\n", await cloud.GetPageAsync("resting")); // the first request waits for the instance
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DownAll_AfterAKill_StopsWhatWasLeft()
    {
        using var app = AppFolder.Saying("left alone");
        (await cloud.RunAsync("deploy", app.Path, "--name", "orphan")).ShouldSucceed();
        var instance = await ProcessAsync(cloud, "orphan");
        await cloud.KillAsync();
        (await cloud.RunAsync("down", "--all")).ShouldSucceed();
        await Assert.ThrowsAsync<HttpRequestException>(() => PageOfInstanceAsync(instance));
        Assert.Contains("No cloud runs", (await cloud.RunAsync("down", "--all")).ShouldSucceed().Error);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task TwoClouds_SideBySide_KnowNothingOfEachOther()
    {
        Cloud one = cloud;
        await using var two = new Cloud();
        (await two.UpAsync()).ShouldSucceed();
        foreach (var (either, text) in new[] { (one, "the first"), (two, "the second") })
        {
            using var app = AppFolder.Saying(text);
            (await either.RunAsync("deploy", app.Path, "--name", "same-name")).ShouldSucceed();
        }
        Assert.Equal("the first\n", await one.GetPageAsync("same-name"));
        Assert.Equal("the second\n", await two.GetPageAsync("same-name"));
        using var stranger = new StrataClient(two.ApiUrl, one.Token);
        var refused = await Assert.ThrowsAsync<StrataException>(() => stranger.SendAsync(HttpMethod.Get, "/api/v1/deployments"));
        Assert.Equal("UNAUTHORIZED", refused.Error.Code);
        (await one.RunAsync("down", "--all")).ShouldSucceed();
        Assert.Equal("the second\n", await two.GetPageAsync("same-name"));
    }

    private sealed record Running(string Address, int Port, string StartedAt, int Restarts);

    private static async Task<Running> ProcessAsync(Cloud cloud, string name)
    {
        var instances = (await cloud.RunAsync("get", "instances", "--state", "READY", "--json")).ShouldSucceed().Json;
        var status = instances.EnumerateArray().First(
            i => i.GetProperty("name").GetString()!.StartsWith(name + "-", StringComparison.Ordinal)).GetProperty("status");
        return new Running(
            status.GetProperty("address").GetString()!, status.GetProperty("port").GetInt32(), status.GetProperty("startedAt").GetString()!,
            status.GetProperty("restarts").GetInt32());
    }

    private static async Task<string> PageOfInstanceAsync(Running instance)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        return await http.GetStringAsync($"http://{instance.Address}:{instance.Port}/");
    }

    private static async Task DefineModelAsync(Cloud cloud)
    {
        using (await cloud.Client.SendAsync(HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/order/1", JsonText.FromString("""{"number":1}"""))) { }
        await cloud.Client.SendBytesAsync(HttpMethod.Put, "/api/model/order/1/lock");
    }

    private static Task CreateAsync(Cloud cloud, ConcurrentBag<string> acknowledged)
    {
        var client = new StrataClient(
            cloud.ApiUrl, cloud.Token, new ClientOptions { RetriesMax = 0, CallTimeout = TimeSpan.FromSeconds(20) });
        return Task.WhenAll(Enumerable.Range(0, Creates).Select(async number =>
        {
            try
            {
                using var made = await client.SendAsync(HttpMethod.Post, "/api/entity/JSON/order/1", JsonText.FromString($$"""{"number":{{number}}}"""));
                acknowledged.Add(made!.RootElement[0].GetProperty("entityIds")[0].GetString()!);
            }
            catch (StrataException)
            {
                // The server was gone before it answered: nothing was promised.
            }
        }));
    }

    private static Task SettledAsync(Cloud cloud, string name) => Wait.UntilAsync(
        async () => (await cloud.RunAsync("get", "deployment", name, "--json")).ShouldSucceed().Json.GetProperty("state")
            .GetString() is "RUNNING" or "FAILED", $"{name} has settled");

    /// <summary>Every release came to an end, and every instance belongs to a deployment that is there.</summary>
    private static async Task NothingHalfDoneAsync(Cloud cloud)
    {
        await Wait.UntilAsync(
            async () => (await ListAsync(cloud, "releases")).All(r => r.GetProperty("state").GetString() is "READY" or "FAILED"),
            "every release has ended");
        var deployments = (await ListAsync(cloud, "deployments")).Select(d => d.GetProperty("id").GetString()).ToHashSet();
        Assert.All(await ListAsync(cloud, "instances"),
            i => Assert.Contains(i.GetProperty("spec").GetProperty("deployment").GetString(), deployments));
        using var http = cloud.Edge("steady");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/")).StatusCode);
    }

    private static async Task<List<JsonElement>> ListAsync(Cloud cloud, string kind) =>
        [.. (await cloud.RunAsync("get", kind, "--json")).ShouldSucceed().Json.EnumerateArray()];
}
