using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

public sealed class BadInputsTests(ITestOutputHelper output)
{
    [Fact]
    public async Task EveryEndpoint_RefusesBadInputs_AndChangesNothing()
    {
        await using var host = await ApiHost.StartAsync();
        using var http = host.Client();
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"one","project":"web","spec":{}}""");
        await http.SendJsonAsync("POST", "/api/v1/gadgets", """{"name":"one","spec":{}}""");
        var known = new Dictionary<string, string> { ["widgets"] = "one", ["gadgets"] = "one", ["projects"] = "web", ["organizations"] = "default", ["tokens"] = "admin" };
        foreach (var (parameter, value) in await FillEntitiesAsync(http)) known[parameter] = value;
        var before = await host.Log.HeadsAsync(default);

        var seed = Environment.GetEnvironmentVariable("STRATA_SEED") is { } given ? int.Parse(given, null) : Random.Shared.Next();
        var report = await new BadInputs.BadInputs(host.Address, host.AdminToken, seed, known).RunAsync(100, default);

        output.WriteLine(report.ToString());
        Assert.True(report.Failures.Count == 0, report.ToString());
        Assert.Equal(before.OrderBy(h => h.Tenant.Value), (await host.Log.HeadsAsync(default)).OrderBy(h => h.Tenant.Value));
    }

    private static async Task<Dictionary<string, string>> FillEntitiesAsync(HttpClient http)
    {
        await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"author":"Ada"}""");
        await http.SendJsonAsync("PUT", "/api/model/book/1/lock");
        var created = await http.SendJsonAsync("POST", "/api/entity/JSON/book/1", """{"author":"Ada"}""");
        return new Dictionary<string, string>
        {
            ["{format}"] = "JSON",
            ["{dataFormat}"] = "JSON",
            ["{converter}"] = "SAMPLE_DATA",
            ["{entityName}"] = "book",
            ["{modelVersion}"] = "1",
            ["{entityId}"] = created.Body[0].GetProperty("entityIds")[0].GetString()!,
            ["{transition}"] = "UPDATE",
        };
    }
}
