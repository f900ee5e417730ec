using Strata.Api.Shares;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>Tests that measure the process, which others beside them would change.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>One organization takes all that it can of what the API shares; another one still gets its part.</summary>
[Collection(nameof(Alone))]
public sealed class SharesTests
{
    private const string Watch = "/api/v1/widgets?watch=true";

    [Fact]
    public async Task Watches_OfOneTokenAndOrganization_AreBounded_AndOthersStillWatch()
    {
        await using var host = await ApiHost.StartAsync(
            limits: new ApiLimits { StreamsMax = 6, StreamsPerOrganizationMax = 3, StreamsPerTokenMax = 2 });
        using var first = host.Client(await host.TokenAsync(host.Org, "first", ["admin"]));
        using var second = host.Client(await host.TokenAsync(host.Org, "second", ["admin"]));
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "other", ["admin"]));
        var open = new List<HttpResponseMessage> { await OpenAsync(first), await OpenAsync(first) };
        await RefusedAsync(first, "TOO_MANY_STREAMS", "This token has 2 watches");
        open.Add(await OpenAsync(second));
        await RefusedAsync(second, "TOO_MANY_STREAMS", "This organization has 3 watches");
        open.Add(await OpenAsync(other));
        Assert.All(open, answer => Assert.Equal(200, (int)answer.StatusCode));
        open.ForEach(answer => answer.Dispose());
        await Wait.UntilAsync(async () =>
        {
            using var again = await OpenAsync(first);
            return again.IsSuccessStatusCode;
        }, "a watch is let in again");
    }

    [Fact]
    public async Task Requests_OfOneOrganization_AreBounded_AndOthersAreServed()
    {
        await using var host = await ApiHost.StartAsync(limits: new ApiLimits { RequestsMax = 4 });
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "other", ["admin"]));
        using var admin = host.Client();
        using var one = await OpenAsync(admin);
        using var two = await OpenAsync(admin);
        var refused = await admin.SendJsonAsync("GET", "/api/v1/widgets");
        Assert.Equal((429, "SHARE_EXHAUSTED"), (refused.Status, refused.Body.GetProperty("code").GetString()));
        Assert.Equal(200, (await other.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        one.Dispose();
        await Wait.UntilAsync(async () => (await admin.SendJsonAsync("GET", "/api/v1/widgets")).Status == 200, "it is answered again");
    }

    [Fact]
    public async Task Resources_OfAKind_AreBounded_AndOthersAreNotAffected()
    {
        await using var host = await ApiHost.StartAsync(limits: new ApiLimits { ResourcesPerKindMax = 3 });
        using var admin = host.Client();
        for (var i = 0; i < 3; i++) Assert.Equal(201, (await CreateAsync(admin, $"w{i}")).Status);
        var refused = await CreateAsync(admin, "w3");
        Assert.Equal((422, "RESOURCE_LIMIT"), (refused.Status, refused.Code));
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "other", ["admin"]));
        Assert.Equal(201, (await other.SendJsonAsync("POST", "/api/v1/projects", """{"name":"own","spec":{}}""")).Status);

        static Task<JsonAnswered> CreateAsync(HttpClient http, string name) =>
            http.SendJsonAsync("POST", "/api/v1/widgets", $$$"""{"name":"{{{name}}}","project":"web","spec":{}}""");
    }

    [Fact]
    public async Task Tokens_AreBounded()
    {
        await using var host = await ApiHost.StartAsync(limits: new ApiLimits { ResourcesPerKindMax = 3 });
        using var admin = host.Client();
        JsonAnswered last;
        var made = 0;
        do last = await admin.SendJsonAsync("POST", "/api/v1/tokens", $$$"""{"name":"t{{{made}}}","spec":{"roles":["viewer"]}}""");
        while (last.Status == 201 && ++made < 10);
        Assert.Equal((422, "RESOURCE_LIMIT"), (last.Status, last.Code));
        Assert.InRange(made, 1, 3);
    }

    [Fact]
    public async Task Connections_OfOneOrganization_AreBounded_AndOthersAreServed()
    {
        await using var host = await ApiHost.StartAsync(limits: new ApiLimits { ConnectionsMax = 4 });
        var clients = Enumerable.Range(0, 3).Select(_ => host.Client()).ToList();
        Assert.Equal(200, (await clients[0].SendJsonAsync("GET", "/api/v1/widgets")).Status);
        Assert.Equal(200, (await clients[1].SendJsonAsync("GET", "/api/v1/widgets")).Status);
        Assert.Equal(429, (await clients[2].SendJsonAsync("GET", "/api/v1/widgets")).Status);
        Assert.Equal(200, (await clients[0].SendJsonAsync("GET", "/api/v1/widgets")).Status); // the same connection again
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "other", ["admin"]));
        Assert.Equal(200, (await other.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        clients[0].Dispose();
        await Wait.UntilAsync(async () => (await clients[2].SendJsonAsync("GET", "/api/v1/widgets")).Status == 200, "it is answered again");
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task Watches_ByTheHundred_CostLittleMemory()
    {
        const int count = 200;
        await using var host = await ApiHost.StartAsync();
        using var admin = host.Client();
        for (var i = 0; i < 200; i++)
            Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/widgets", $$"""{"name":"w-{{i}}","project":"web","spec":{} }""")).Status);
        using var warm = await ReadyAsync(admin);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var open = new List<IDisposable>();
        for (var i = 0; i < count; i++) open.Add(await ReadyAsync(admin));
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each watch and its client");
        open.ForEach(watch => watch.Dispose());
        Assert.True(each <= 128 << 10, $"{each} bytes"); // below zero where a test beside it has let go of more
    }

    private static async Task<IDisposable> ReadyAsync(HttpClient http)
    {
        var answer = await OpenAsync(http);
        var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is var line && line != "event: ready") Assert.NotNull(line);
        return lines;
    }

    private static Task<HttpResponseMessage> OpenAsync(HttpClient http) =>
        http.GetAsync(new Uri(Watch, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);

    private static async Task RefusedAsync(HttpClient http, string code, string message)
    {
        var refused = await http.SendJsonAsync("GET", Watch);
        Assert.Equal((429, code), (refused.Status, refused.Body.GetProperty("code").GetString()));
        Assert.StartsWith(message, refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
