using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

/// <summary>Scheduled transitions as a running server fires them.</summary>
public abstract class ScheduleContract(IStore store) : WorkflowContract(store)
{
    [Fact]
    public async Task Due_IsFired_AndCascades()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1}}]},"B":{"transitions":[{"name":"on","next":"C"}]},"C":{}}""");
        var (id, _) = await CreateAsync();
        await RunUntilAsync(async () => await StateAsync(id) == "C");
        Assert.Equal(
            ["STATE_MACHINE_FINISH", "TRANSITION_MAKE", "TRANSITION_MAKE", "SCHEDULED_TRANSITION_FIRE", "WORKFLOW_FOUND",
                "STATE_MACHINE_START"],
            (await TypesAsync(id)).Take(6));
        var change = (await AuditAsync(id, "&eventType=EntityChange"))[0];
        Assert.Equal((ScheduleRunner.Actor, true),
            (change.GetProperty("actor").GetProperty("id").GetString(), change.GetProperty("system").GetBoolean()));
    }

    [Fact]
    public async Task TooLate_Expires()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1,"timeoutMs":0}}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        await RunUntilAsync(async () => (await TypesAsync(id))[0] == "SCHEDULED_TRANSITION_EXPIRE");
        Assert.Equal("A", await StateAsync(id));
    }

    [Fact]
    public async Task Refused_IsDisarmed_AndSaysWhy()
    {
        await GivenAsync("""
            {"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1},"criterion":{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}}]},"B":{}}
            """);
        var (id, _) = await CreateAsync();
        await RunUntilAsync(async () => (await TypesAsync(id))[0] == "TRANSITION_NOT_MATCH_CRITERION");
        Assert.Equal("$.amount GREATER_THAN 100 does not hold: it is 1",
            (await AuditAsync(id))[1].GetProperty("data").GetProperty("reason").GetString());
        Assert.Empty(await Host.Log.SchedulesAsync(Host.Org, new Core.EntityId(Guid.Parse(id)), default));
    }

    [Fact]
    public async Task NoLongerInTheWorkflow_IsCancelled()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1}}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        await GivenAsync("""{"A":{"transitions":[{"name":"other","next":"B","manual":true}]},"B":{}}""");
        await RunUntilAsync(async () => (await TypesAsync(id))[0] == "SCHEDULED_TRANSITION_CANCEL");
        Assert.Equal("TRANSITION_NOT_FOUND", (await TypesAsync(id))[1]);
    }

    [Fact]
    public async Task Failing_IsRecorded_AndArmedAgainForLater()
    {
        await GivenAsync("""{"A":{"transitions":[{"name":"s","next":"B","schedule":{"delayMs":1},"processors":[{"name":"p"}]}]},"B":{}}""");
        var (id, _) = await CreateAsync();
        await RunUntilAsync(async () => (await TypesAsync(id))[0] == "SCHEDULED_TRANSITION_FAIL");
        var failed = Assert.Single(await AuditAsync(id, "&severity=ERROR"));
        Assert.Equal(
            ("s", "No compute member serves \"p\"."),
            (failed.GetProperty("data").GetProperty("transition").GetString(),
                failed.GetProperty("data").GetProperty("reason").GetString()));
        var again = Assert.Single(await Host.Log.SchedulesAsync(Host.Org, new Core.EntityId(Guid.Parse(id)), default));
        Assert.True(again.DueAt > TimeProvider.System.GetUtcNow());
    }

    private async Task<string?[]> TypesAsync(string id) =>
        [.. (await AuditAsync(id, "&eventType=StateMachine")).Select(item => item.GetProperty("eventType").GetString())];

    /// <summary>Runs the scheduler of another server on the same store.</summary>
    private async Task RunUntilAsync(Func<Task<bool>> condition)
    {
        var definitions = new CompositeDefinitions(new StaticDefinitions([]), new StoredDefinitions(Host.Log, TimeProvider.System));
        var engine = new EntityEngine(Host.Log, definitions, new InProcessComputation([], []), TimeProvider.System);
        var options = new ScheduleOptions { Period = TimeSpan.FromMilliseconds(20) };
        var runner = new ScheduleRunner(engine, Host.Store.Leases, TimeProvider.System, NullLogger<ScheduleRunner>.Instance, options);
        await using var work = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance).Start("schedules", runner.RunAsync);
        await Wait.UntilAsync(condition, "the scheduler has done it");
    }
}

public sealed class MemoryScheduleTests() : ScheduleContract(new MemoryStore());

public sealed class PostgresScheduleTests(TestServer server) : ScheduleContract(PostgresDatabase.Reused(server));
