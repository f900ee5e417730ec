using Strata.Api.Tests.BadInputs;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests;

public sealed class BadInputsTests(ITestOutputHelper output)
{
    [Fact]
    public async Task EveryEndpoint_RefusesBadInputs_AndChangesNothing()
    {
        var store = new MemoryStore();
        await using var host = await EntityHost.StartAsync(store);
        using var http = host.Client();
        var known = await FillAsync(http);
        var before = await host.Log.HeadsAsync(default);

        var report = await new BadInputs(host.Address, host.AdminToken, known).RunAsync(100, default);

        output.WriteLine(report.ToString());
        Assert.True(report.Failures.Count == 0, report.ToString());
        Assert.Equal(before.OrderBy(h => h.Tenant.Value), (await host.Log.HeadsAsync(default)).OrderBy(h => h.Tenant.Value));
    }

    private static async Task<Dictionary<string, string>> FillAsync(HttpClient http)
    {
        await http.SendJsonAsync("POST", "/api/v1/webhooks", """{"name":"books","spec":{"url":"https://books.example"}}""");
        await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"author":"Ada"}""");
        await http.SendJsonAsync("PUT", "/api/model/book/1/lock");
        var created = await http.SendJsonAsync("POST", "/api/entity/JSON/book/1", """{"author":"Ada"}""");
        const string Everything = """{"type":"group","operator":"AND","conditions":[]}""";
        var search = await http.SendJsonAsync("POST", "/api/search/async/book/1", Everything);
        return new Dictionary<string, string>
        {
            ["webhooks"] = "books",
            ["{jobId}"] = search.Body.GetString()!,
            ["{format}"] = "JSON",
            ["{dataFormat}"] = "JSON",
            ["{converter}"] = "SAMPLE_DATA",
            ["{changeLevel}"] = "TYPE",
            ["{entityName}"] = "book",
            ["{modelVersion}"] = "1",
            ["{entityId}"] = created.Body[0].GetProperty("entityIds")[0].GetString()!,
            ["{transition}"] = "UPDATE",
            ["{subject}"] = "orders.created",
            ["{transactionId}"] = created.Body[0].GetProperty("transactionId").GetString()!,
        };
    }
}
