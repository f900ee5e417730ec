using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

public abstract class DryRunContract(IStore store) : WorkflowContract(store)
{
    private const string States = """
        {"A":{"transitions":[{"name":"pay","next":"B","manual":true,"criterion":{"type":"simple","jsonPath":"$.paid","operatorType":"EQUALS","value":true}},
              {"name":"bill","next":"B","manual":true,"processors":[{"name":"print","config":{"calculationNodesTags":"office"}}]},
              {"name":"expire","next":"C","schedule":{"delayMs":3600000}}]},
         "B":{"transitions":[{"name":"close","next":"C"}]},"C":{}}
        """;

    [Fact]
    public async Task DryRun_OfATransition_TellsWhatWouldHappen_AndWritesNothing()
    {
        await GivenAsync(States);
        var (id, first) = await CreateAsync();
        var run = (await DryAsync(id, "pay/", """{"amount":1,"paid":true}""")).Body;
        Assert.True(run.GetProperty("wouldSucceed").GetBoolean());
        Assert.Equal(
            ("A", "C", "w"),
            (run.GetProperty("stateBefore").GetString(), run.GetProperty("stateAfter").GetString(),
                run.GetProperty("workflow").GetString()));
        Assert.Equal(
            ["pay", "close"], run.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("transition").GetString()));
        Assert.Equal("""["expire"]""", run.GetProperty("schedules").GetProperty("cancelled").GetRawText());
        Assert.Equal(
            first, (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta").GetProperty("transactionId")
                .GetString());
        Assert.Equal("A", await StateAsync(id));
    }

    [Fact]
    public async Task DryRun_Refused_SaysWhyNot()
    {
        await GivenAsync(States);
        var (id, _) = await CreateAsync("""{"amount":1,"paid":false}""");
        var run = (await DryAsync(id, "pay/", null)).Body;
        Assert.False(run.GetProperty("wouldSucceed").GetBoolean());
        Assert.Equal(
            ("WORKFLOW_FAILED", "A"),
            (run.GetProperty("error").GetProperty("code").GetString(), run.GetProperty("stateAfter").GetString()));
        var comparison = run.GetProperty("refused")[0].GetProperty("comparisons")[0];
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("""{"path":"$.paid","operator":"EQUALS","wanted":[true],"found":[false],"holds":false,"toBlame":true}"""), comparison), comparison.GetRawText());

        var unserved = (await DryAsync(id, "bill/", null)).Body;
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", unserved.GetProperty("error").GetProperty("code").GetString());
        Assert.True(unserved.GetProperty("error").GetProperty("retryable").GetBoolean());
        Assert.False(unserved.GetProperty("steps")[0].GetProperty("processors")[0].GetProperty("served").GetBoolean());
    }

    [Fact]
    public async Task DryRun_WithoutATransition_TellsOfTheLoopback()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"big","next":"B","criterion":{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        var stays = (await DryAsync(id, "", null)).Body;
        Assert.Equal(
            ("loopback", "A", "big"),
            (stays.GetProperty("transition").GetString(), stays.GetProperty("stateAfter").GetString(),
                stays.GetProperty("refused")[0].GetProperty("name").GetString()));
        Assert.Equal("B", (await DryAsync(id, "", """{"amount":101}""")).Body.GetProperty("stateAfter").GetString());
    }

    [Fact]
    public async Task DryRun_BadRequest_Is4xx()
    {
        await GivenAsync(States);
        var (id, _) = await CreateAsync();
        Assert.Equal("TRANSITION_NOT_FOUND", ErrorCode(await DryAsync(id, "nowhere/", null)));
        Assert.Equal("TRANSITION_NOT_FOUND", ErrorCode(await DryAsync(id, "expire/", null)));
        Assert.Equal(400, (await DryAsync(id, "pay/", "[]")).Status);
        Assert.Equal(400, (await DryAsync(id, "pay/", """{"amount":"text"}""")).Status);
        Assert.Equal(
            412, (await Http.SendJsonAsync(
                "POST", $"/api/entity/JSON/{id}/pay/dry-run", null, headers: ("If-Match", "0193a1b2-0000-7000-8000-00000000ffff"))).Status);
        Assert.Equal(404, (await DryAsync("0193a1b2-0000-7000-8000-00000000ffff", "pay/", null)).Status);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "a", ["admin"]));
        Assert.Equal(404, (await other.SendJsonAsync("POST", $"/api/entity/JSON/{id}/pay/dry-run")).Status);
    }

    private Task<JsonAnswered> DryAsync(string id, string transition, string? body) =>
        Http.SendJsonAsync("POST", $"/api/entity/JSON/{id}/{transition}dry-run", body);
}

public sealed class MemoryDryRunTests() : DryRunContract(new MemoryStore());

public sealed class PostgresDryRunTests(TestServer server) : DryRunContract(PostgresDatabase.Reused(server));
