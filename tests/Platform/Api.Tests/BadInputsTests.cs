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
        var known = new Dictionary<string, string> { ["widgets"] = "one", ["gadgets"] = "one", ["projects"] = "web",
            ["organizations"] = "default", ["tokens"] = "admin" };
        var before = await host.Log.HeadsAsync(default);

        var report = await new BadInputs.BadInputs(host.Address, host.AdminToken, known).RunAsync(100, default);

        output.WriteLine(report.ToString());
        Assert.True(report.Failures.Count == 0, report.ToString());
        Assert.Equal(before.OrderBy(h => h.Tenant.Value), (await host.Log.HeadsAsync(default)).OrderBy(h => h.Tenant.Value));
    }
}
