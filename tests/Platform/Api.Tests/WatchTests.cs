using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Api.Tests;

public sealed class WatchTests : IAsyncLifetime
{
    private const string Widgets = "/api/v1/widgets";
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
    public async Task Watch_TellsWhatThereIs_ThenReady_ThenChanges()
    {
        await CreateAsync("one");
        await using var watch = await Watching.StartAsync(http, $"{Widgets}?watch=true");
        Assert.Equal("item one NEW", await watch.NextAsync());
        Assert.Equal("ready", await watch.NextAsync());
        await CreateAsync("two");
        Assert.Equal("item two NEW", await watch.NextAsync());
        await http.SendJsonAsync("POST", $"{Widgets}/one/transitions/polish");
        Assert.Equal("item one SHINY", await watch.NextAsync());
    }

    [Fact]
    public async Task Watch_WithAFilter_TellsWhatLeavesIt()
    {
        await CreateAsync("one");
        await using var watch = await Watching.StartAsync(http, $"{Widgets}?watch=true&state=NEW&project=web");
        Assert.Equal("item one NEW", await watch.NextAsync());
        Assert.Equal("ready", await watch.NextAsync());
        await http.SendJsonAsync("POST", $"{Widgets}/one/transitions/polish");
        Assert.Equal("item one SHINY deleted", await watch.NextAsync());
        await http.PatchAsync($"{Widgets}/one", """{"spec":{"size":2}}""");
        await CreateAsync("two");
        Assert.Equal("item two NEW", await watch.NextAsync());
    }

    [Fact]
    public async Task Watch_TellsDeletions_AndOfOtherKindsNothing()
    {
        await using var watch = await Watching.StartAsync(http, "/api/v1/projects", "text/event-stream");
        Assert.Equal("item web ACTIVE", await watch.NextAsync());
        Assert.Equal("ready", await watch.NextAsync());
        await CreateAsync("one");
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"gone","spec":{}}""");
        await http.SendJsonAsync("DELETE", "/api/v1/projects/gone");
        Assert.Equal("item gone ACTIVE", await watch.NextAsync());
        Assert.Equal("item gone DELETING", await watch.NextAsync());
        Assert.Equal("item gone DELETING deleted", await watch.NextAsync());
    }

    [Fact]
    public async Task Watch_FromARevision_TellsWhatCameBehindIt()
    {
        var one = await CreateAsync("one");
        await CreateAsync("two");
        await using var watch = await Watching.StartAsync(http, $"{Widgets}?watch=true&from={one.Body.GetProperty("revision")}");
        Assert.Equal("ready", await watch.NextAsync());
        Assert.Equal("item two NEW", await watch.NextAsync());
    }

    [Fact]
    public async Task Watch_OfThePlatform_SeesEveryOrganization_AndOthersTheirsOnly()
    {
        using var agent = host.Client(await host.TokenAsync(TenantId.Platform, "agent", ["admin"]));
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        await using var all = await Watching.StartAsync(agent, $"{Widgets}?watch=true");
        await using var own = await Watching.StartAsync(http, $"{Widgets}?watch=true");
        Assert.Equal("ready", await all.NextAsync());
        Assert.Equal("ready", await own.NextAsync());
        await other.SendJsonAsync("POST", Widgets, """{"name":"theirs","project":"web","spec":{}}""");
        await CreateAsync("mine");
        Assert.Equal(["item mine NEW", "item theirs NEW"], new[] { await all.NextAsync(), await all.NextAsync() }.Order());
        Assert.Equal("item mine NEW", await own.NextAsync());
    }

    [Fact]
    public async Task Watch_UnderManyChanges_EndsWithTheLastOfEach()
    {
        await using var watch = await Watching.StartAsync(http, $"{Widgets}?watch=true");
        Assert.Equal("ready", await watch.NextAsync());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            await CreateAsync($"w{i}");
            for (var n = 2; n <= 10; n++) await http.PatchAsync($"{Widgets}/w{i}", $$"""{"spec":{"size":{{n}} } }""");
        }));
        var last = new Dictionary<string, int>();
        while (last.Count < 20 || last.Values.Any(v => v != 10))
        {
            var item = await watch.NextItemAsync();
            last[item.GetProperty("name").GetString()!] = item.GetProperty("spec").GetProperty("size").GetInt32();
        }
    }

    [Fact]
    public async Task Watch_WithWhatDoesNotGoWithIt_IsRefused()
    {
        foreach (var query in (string[])["at=2026-01-01T00:00:00Z", "limit=3", "cursor=x", "from=x", "state=NOPE"])
            Assert.Equal(400, (await http.SendJsonAsync("GET", $"{Widgets}?watch=true&{query}")).Status);
    }

    private Task<JsonAnswered> CreateAsync(string name) => http.SendJsonAsync("POST", Widgets, $$"""{"name":"{{name}}","project":"web","spec":{} }""");
}
