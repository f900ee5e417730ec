using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

/// <summary>What needs a compute member fails as the contract says while there is none, and leaves nothing behind.</summary>
public abstract class ComputationContract(IStore store) : WorkflowContract(store)
{
    private const string Function = """{"type":"function","function":{"name":"f","config":{"calculationNodesTags":"gpu"}}}""";

    [Theory]
    [InlineData("SYNC")]
    [InlineData("ASYNC_SAME_TX")]
    public async Task Processor_InTheTransaction_Is503AndNothingChanges(string mode)
    {
        await GivenAsync(Processor(mode));
        var (id, first) = await CreateAsync();
        AssertNoMember(await TakeAsync(id, "go", """{"amount":2}"""));
        var entity = (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body;
        Assert.Equal(
            (first, 1),
            (entity.GetProperty("meta").GetProperty("transactionId").GetString(),
                entity.GetProperty("data").GetProperty("amount").GetInt32()));
    }

    [Fact]
    public async Task Processor_InANewTransaction_FailsQuietly()
    {
        await GivenAsync(Processor("ASYNC_NEW_TX"));
        var (id, _) = await CreateAsync();
        Assert.Equal(200, (await TakeAsync(id, "go")).Status);
        Assert.Equal("B", await StateAsync(id));
        Assert.Contains(await AuditAsync(id), item => item.GetRawText().Contains("No compute member serves", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Processor_BehindACommit_Is503_AndWhatCameBeforeStays()
    {
        await GivenAsync(Processor("COMMIT_BEFORE_DISPATCH"));
        var (id, _) = await CreateAsync();
        AssertNoMember(await TakeAsync(id, "go", """{"amount":2}"""));
        Assert.Equal("A", await StateAsync(id));
        Assert.Equal(2, (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("data").GetProperty("amount").GetInt32());
        var types = (await AuditAsync(id, "&eventType=StateMachine")).Select(item => item.GetProperty("eventType").GetString()).ToArray();
        Assert.Equal(["CANCEL", "TRANSITION_ABORTED", "PAUSE_FOR_PROCESSING"], types.Take(3));
    }

    [Fact]
    public async Task FunctionCriterion_OfATransition_Is503AndNothingChanges()
    {
        await GivenAsync($$$$"""{"A":{"transitions":[{"name":"go","next":"B","manual":true,"criterion":{{{{Function}}}}}]},"B":{}}""");
        var (id, first) = await CreateAsync();
        AssertNoMember(await TakeAsync(id, "go"));
        Assert.Equal(
            first, (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta").GetProperty("transactionId")
                .GetString());
    }

    [Fact]
    public async Task FunctionCriterion_OfAWorkflow_Is503AndNothingIsCreated()
    {
        Assert.Equal(200, (await ImportAsync($$$$"""{"workflows":[{"version":"1.0","name":"w","initialState":"A","criterion":{{{{Function}}}},"states":{"A":{}}}]}""")).Status);
        AssertNoMember(await Http.SendJsonAsync("POST", "/api/entity/JSON/order/1", """{"amount":1}"""));
        Assert.Equal(0, (await Http.SendJsonAsync("GET", "/api/entity/order/1")).Body.GetArrayLength());
    }

    [Fact]
    public async Task ScheduleFunction_Is503AndNothingIsCreated()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"function":{"name":"when","resultKind":"Schedule","calculationNodesTags":"clock"}}}]},"B":{}}""");
        AssertNoMember(await Http.SendJsonAsync("POST", "/api/entity/JSON/order/1", """{"amount":1}"""));
        Assert.Equal(0, (await Http.SendJsonAsync("GET", "/api/entity/order/1")).Body.GetArrayLength());
    }

    [Fact]
    public async Task ScheduledTransition_ByHand_Is400()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":3600000}}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        var refused = await TakeAsync(id, "s");
        Assert.Equal((400, "TRANSITION_NOT_FOUND"), (refused.Status, ErrorCode(refused)));
        Assert.Equal("A", await StateAsync(id));
    }

    [Fact]
    public async Task Loopback_TriesTheAutomaticTransitionsAgain()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"big","next":"B","criterion":{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        Assert.Equal("A", await StateAsync(id));
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"amount":101}""")).Status);
        Assert.Equal("B", await StateAsync(id));
        Assert.Equal(
            "loopback", (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta")
                .GetProperty("transitionForLatestSave").GetString());
    }

    private static string Processor(string mode) =>
        $$$$"""{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[{"type":"externalized","name":"p","executionMode":"{{{{mode}}}}"}]}]},"B":{}}""";

    private static void AssertNoMember(JsonAnswered answer)
    {
        Assert.Equal((503, "NO_COMPUTE_MEMBER_FOR_TAG"), (answer.Status, ErrorCode(answer)));
        Assert.True(answer.Body.GetProperty("properties").GetProperty("retryable").GetBoolean());
    }
}

public sealed class MemoryComputationTests() : ComputationContract(new MemoryStore());

public sealed class PostgresComputationTests(TestServer server) : ComputationContract(PostgresDatabase.Reused(server));
