using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

public abstract class WorkflowImportContract(IStore store) : WorkflowContract(store)
{
    private const string Odd = """
        { "zeta": {"b":1,"a":[1.0, 1e2, 0.10]}, "states":{"B":{},"A":{"transitions":[{"next":"B","x-color":"gr\u00fcn","name":"go","manual":true}]} },
          "name" : "odd",  "initialState":"A", "version":"1.3", "note":"ü\/\u0041 😀" }
        """;

    [Fact]
    public async Task Export_GivesBackWhatWasImported_ByteForByte()
    {
        Assert.Equal(200, (await ImportAsync($$"""{"workflows":[{{Odd}}],"importMode":"REPLACE"}""")).Status);
        using var response = await Http.GetAsync("/api/model/order/1/workflow/export");
        Assert.Equal($$"""{"entityName":"order","modelVersion":1,"workflows":[{{Odd.Trim()}}]}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task ImportModes_MergeReplaceActivate()
    {
        static string Named(string name, bool active = true) =>
            $$$$"""{"version":"1.0","name":"{{{{name}}}}","initialState":"A","active":{{{{(active ? "true" : "false")}}}},"states":{"A":{}}}""";
        await ImportAsync($$"""{"workflows":[{{Named("a")}},{{Named("b")}}]}""");
        Assert.Equal("a+ b+", await ToldAsync());
        await ImportAsync($$"""{"workflows":[{{Named("c")}},{{Named("b", false)}}],"importMode":"MERGE"}""");
        Assert.Equal("a+ b- c+", await ToldAsync());
        await ImportAsync($$"""{"workflows":[{{Named("b", false)}}],"importMode":"ACTIVATE"}""");
        Assert.Equal("a- b+ c-", await ToldAsync());
        await ImportAsync($$"""{"workflows":[{{Named("d")}}],"importMode":"REPLACE"}""");
        Assert.Equal("d+", await ToldAsync());
    }

    [Fact]
    public async Task Import_EveryFault_IsNamedAtOnce_AndNothingChanges()
    {
        await GivenAsync("""{"A":{}}""");
        var refused = await ImportAsync("""
            {"workflows":[{"version":"1.2","name":"w","initialState":"X","states":{"A":{"transitions":[
              {"name":"a","next":"Q"},{"name":"b","next":"A","processors":[{"name":"p","type":"internalized","executionMode":"LATER"}]}]}}}]}
            """);
        Assert.Equal((400, "VALIDATION_FAILED"), (refused.Status, ErrorCode(refused)));
        foreach (var place in (string[])["$.workflows[0].initialState", "$.workflows[0].states.A.a", ".processors[0].type",
            ".processors[0].executionMode"])
            Assert.Contains(place, refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("w+", await ToldAsync());
    }

    [Theory]
    [InlineData("1.0", 200)]
    [InlineData("1.5", 200)]
    [InlineData("1.6", 400)]
    [InlineData("2.0", 400)]
    public async Task Import_Version_MustBeKnown(string version, int status)
    {
        var answer = await ImportAsync($$$$"""{"workflows":[{"version":"{{{{version}}}}","name":"w","initialState":"A","states":{"A":{}}}]}""");
        Assert.Equal(status, answer.Status);
        if (status == 400) Assert.Equal("WORKFLOW_SCHEMA_VERSION_UNSUPPORTED", ErrorCode(answer));
    }

    [Fact]
    public async Task Import_Circle_IsRefusedUnlessAllowed_AndThenStoppedAtTheLimit()
    {
        const string Circle = """{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"x","next":"B"}]},"B":{"transitions":[{"name":"y","next":"A"}]}}}""";
        Assert.Equal("VALIDATION_FAILED", ErrorCode(await ImportAsync($$"""{"workflows":[{{Circle}}]}""")));
        Assert.Equal(200, (await ImportAsync($$"""{"workflows":[{{Circle}}],"allowCycles":true}""")).Status);
        var refused = await Http.SendJsonAsync("POST", "/api/entity/JSON/order/1", """{"amount":1}""");
        Assert.Equal((400, "WORKFLOW_FAILED"), (refused.Status, ErrorCode(refused)));
        Assert.Equal(0, (await Http.SendJsonAsync("GET", "/api/entity/order/1")).Body.GetArrayLength());
    }

    [Fact]
    public async Task Import_WithAKey_TakesEffectOnce()
    {
        const string Import = """{"workflows":[{"version":"1.0","name":"w","initialState":"A","states":{"A":{}}}]}""";
        var first = await Http.SendJsonAsync("POST", "/api/model/order/1/workflow/import", Import, headers: ("Idempotency-Key", "k"));
        var head = await Host.Log.HeadAsync(Host.Org, default);
        var again = await Http.SendJsonAsync("POST", "/api/model/order/1/workflow/import", Import, headers: ("Idempotency-Key", "k"));
        Assert.Equal((200, 200, first.Body.GetRawText()), (first.Status, again.Status, again.Body.GetRawText()));
        Assert.Equal(head, await Host.Log.HeadAsync(Host.Org, default));
    }

    [Fact]
    public async Task Import_OfAnOlderClientsTemplate_IsRead()
    {
        await GivenAsync("""
            {"A":{"transitions":[{"name":"auto","next":"B","criterion":{"type":"group","operator":"AND","conditions":[
                {"type":"simple","jsonPath":"$.amount","operation":"GREATER_THAN","value":10},{"type":"simple","jsonPath":"$.note","operatorType":"NOT_EQUALS","value":"x"}]}}]},
             "B":{"transitions":[{"name":"back","next":"A","manual":true,"processors":[{"name":"p","executionMode":"SYNC","config":{"retryPolicy":"EXPONENTIAL","responseTimeoutMs":0}}]}]}}
            """);
        Assert.Equal("A", await StateAsync((await CreateAsync("""{"amount":5,"note":"n"}""")).Id));
        Assert.Equal("B", await StateAsync((await CreateAsync("""{"amount":50,"note":"n"}""")).Id));
    }

    private async Task<string> ToldAsync() =>
        string.Join(' ', (await Http.SendJsonAsync("GET", "/api/model/order/1/workflow/export")).Body.GetProperty("workflows")
        .EnumerateArray().Select(
            w => w.GetProperty("name").GetString() + (!w.TryGetProperty("active", out var active) || active.GetBoolean() ? "+" : "-")));
}

public sealed class MemoryWorkflowImportTests() : WorkflowImportContract(new MemoryStore());

public sealed class PostgresWorkflowImportTests(TestServer server) : WorkflowImportContract(PostgresDatabase.Reused(server));
