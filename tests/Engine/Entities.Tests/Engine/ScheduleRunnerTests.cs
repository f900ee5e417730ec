using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;
using Strata.Storage.Memory;

namespace Strata.Entities.Tests.Engine;

public class ScheduleRunnerTests
{
    private const string Workflow = """
        {"version":"1.0","name":"w","initialState":"OPEN","states":{
          "OPEN":{"transitions":[
            {"name":"expire","next":"EXPIRED","schedule":{"delayMs":60000,"timeoutMs":5000}},
            {"name":"escalate","next":"ESCALATED","schedule":{"delayMs":120000},"criterion":{"type":"simple","jsonPath":"$.urgent","operatorType":"EQUALS","value":true}},
            {"name":"close","next":"CLOSED","manual":true}]},
          "EXPIRED":{"transitions":[{"name":"archive","next":"ARCHIVED"}]},"ARCHIVED":{},"ESCALATED":{},"CLOSED":{}}}
        """;

    private const string WithProcessor = """
        {"version":"1.0","name":"w","initialState":"OPEN","states":{
          "OPEN":{"transitions":[{"name":"bill","next":"BILLED","schedule":{"delayMs":1000},"processors":[{"name":"p"}]}]},"BILLED":{}}}
        """;

    private readonly FakeTime time = new();

    [Fact]
    public async Task Fire_Due_TakesTheTransitionAndCascades()
    {
        var (test, runner) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, await runner.RoundAsync());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await runner.RoundAsync());
        var newest = (await test.HistoryAsync(entity.Id))[0];
        Assert.Equal(("ARCHIVED", "expire", ScheduleRunner.Actor), (newest.State, newest.Transition, newest.ChangedBy));
        Assert.Contains(newest.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionFire, Detail: "expire" });
        Assert.Contains(newest.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionCancel, Detail: "escalate" });
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, entity.Id, default));
    }

    [Fact]
    public async Task Fire_TooLate_IsRecordedAndTheOthersStayArmed()
    {
        var (test, runner) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(66));
        await runner.RoundAsync();
        var newest = (await test.HistoryAsync(entity.Id))[0];
        Assert.Equal("OPEN", newest.State);
        Assert.Equal([new AuditEvent(AuditEventTypes.ScheduledTransitionExpire, "OPEN", "expire")], newest.Audit);
        Assert.Equal([new ScheduledTransition("escalate", Some.Time.AddSeconds(120))],
            await test.Log.SchedulesAsync(Some.Tenant, entity.Id, default));
    }

    [Fact]
    public async Task Fire_CriterionDoesNotHold_IsDeclinedOnce()
    {
        var (test, runner) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(120));
        await runner.RoundAsync();
        var newest = (await test.HistoryAsync(entity.Id))[0];
        Assert.Equal(
            [new AuditEvent(AuditEventTypes.TransitionNotMatchCriterion, "OPEN", "escalate", "$.urgent EQUALS true",
                "$.urgent EQUALS true does not hold: it is missing")], newest.Audit);
        Assert.Equal(0, await runner.RoundAsync());
    }

    [Fact]
    public async Task Write_InTheState_ArmsAnew_LeavingDisarms()
    {
        var (test, runner) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(30));
        await test.UpdateAsync(entity.Id, """{"a":1}""");
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await runner.RoundAsync());
        await test.TakeAsync(entity.Id, "close");
        time.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal(0, await runner.RoundAsync());
    }

    [Fact]
    public async Task Fire_NoLongerArmed_IsStale()
    {
        var (test, _) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(60));
        var due = Assert.Single(await test.Log.DueAsync(new DueQuery(time.GetUtcNow(), 10), default));
        await test.UpdateAsync(entity.Id, "{}");
        Assert.Equal(ScheduleOutcome.Stale, (await test.Engine.FireAsync(Some.Caller, due, default)).Value);
        await test.Engine.DeleteAsync(Some.Caller, null, entity.Id, null, default);
        Assert.Equal(ScheduleOutcome.Stale, (await test.Engine.FireAsync(Some.Caller, due, default)).Value);
    }

    [Fact]
    public async Task Fire_ByTwoAtOnce_HappensOnce()
    {
        var (test, _) = Make(Workflow);
        var entity = (await test.CreateAsync()).Value;
        time.Advance(TimeSpan.FromSeconds(60));
        var due = Assert.Single(await test.Log.DueAsync(new DueQuery(time.GetUtcNow(), 10), default));
        test.Counted.BeforeAppend = async _ =>
        {
            test.Counted.BeforeAppend = null;
            Assert.Equal(ScheduleOutcome.Fired, (await test.Engine.FireAsync(Some.Caller, due, default)).Value);
        };
        Assert.Equal(ScheduleOutcome.Conflict, (await test.Engine.FireAsync(Some.Caller, due, default)).Value);
        Assert.Equal(2, (await test.HistoryAsync(entity.Id)).Count);
    }

    /// <summary>A try that commits before its call has a further revision, which must not hide the failures before it.</summary>
    [Theory]
    [InlineData("SYNC")]
    [InlineData("COMMIT_BEFORE_DISPATCH")]
    public async Task Fire_Failure_IsTriedAgainLaterAndLater_ThenGivenUp(string mode)
    {
        var (test, runner) = Make(WithProcessor.Replace("\"p\"", $"\"p\",\"executionMode\":\"{mode}\"", StringComparison.Ordinal));
        test.Computation.Process = (_, _, _) => new(new Error(ErrorKind.Unavailable, "NO_COMPUTE_MEMBER_FOR_TAG", "None."));
        var entity = (await test.CreateAsync()).Value;
        var pauses = new List<double>();
        time.Advance(TimeSpan.FromSeconds(1));
        while (await runner.RoundAsync() == 1)
        {
            var armed = await test.Log.SchedulesAsync(Some.Tenant, entity.Id, default);
            if (armed.Count == 0) break;
            pauses.Add((armed[0].DueAt - time.GetUtcNow()).TotalSeconds);
            time.Advance(armed[0].DueAt - time.GetUtcNow());
        }
        Assert.Equal([10, 20, 40, 80, 160, 320, 640, 1280, 2560], pauses);
        var newest = (await test.HistoryAsync(entity.Id))[0];
        Assert.Equal(new AuditEvent(AuditEventTypes.ScheduledTransitionFail, "OPEN", "bill: NO_COMPUTE_MEMBER_FOR_TAG", null, "None."),
            newest.Audit[^1]);
        Assert.Equal(mode == "SYNC" ? 1 : 3, newest.Audit.Count);
        Assert.Equal(ScheduleRetry.FailuresMax, test.Computation.Calls.Count);
    }

    /// <summary>Many pauses in one try, or another schedule that fails too, must not hide how often it has failed.</summary>
    [Theory]
    [InlineData(12, 1)]
    [InlineData(0, 2)]
    public async Task Fire_FailuresAmongOtherRevisions_AreCounted(int commitsBefore, int schedules)
    {
        var before = string.Concat(Enumerable.Repeat("""{"name":"ok","executionMode":"COMMIT_BEFORE_DISPATCH"},""", commitsBefore));
        var transitions = Enumerable.Range(1, schedules).Select(i =>
            $$$"""{"name":"t{{{i}}}","next":"B","schedule":{"delayMs":{{{i}}}000},"processors":[{{{before}}}{"name":"fail"}]}""");
        var (test, runner) = Make(
            $$$$"""{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{{{{string.Join(',', transitions)}}}}]},"B":{}}}""");
        test.Computation.Process = (processor, _, _) => processor.Name == "ok"
            ? new((JsonText?)null) : new(new Error(ErrorKind.Unavailable, "NO_COMPUTE_MEMBER_FOR_TAG", "None."));
        var entity = (await test.CreateAsync()).Value;
        for (var rounds = 0; (await test.Log.SchedulesAsync(Some.Tenant, entity.Id, default)) is { Count: > 0 } armed; rounds++)
        {
            Assert.True(rounds < 100, "it goes on and on");
            if (armed.Min(s => s.DueAt) is var due && due > time.GetUtcNow()) time.Advance(due - time.GetUtcNow());
            await runner.RoundAsync();
        }
        Assert.Equal(schedules * ScheduleRetry.FailuresMax, test.Computation.Calls.Count(c => c == "fail"));
    }

    [Theory]
    [InlineData("SYNC")]
    [InlineData("COMMIT_BEFORE_DISPATCH")]
    public async Task Fire_CommitIsRefused_IsAFailureLikeAnyOther(string mode)
    {
        var workflow = WithProcessor.Replace("\"p\"", $"\"p\",\"executionMode\":\"{mode}\"", StringComparison.Ordinal);
        var test = new TestEngine(workflow, time, [new UniqueKeyDefinition("k", [JsonPath.Parse("$.a")])]);
        var runner = Make(test, new MemoryLeases(time));
        test.Computation.Process = (_, call, _) => new((JsonText?)Some.Json("""{"a":1}"""));
        var holder = (await test.CreateAsync("""{"a":1}""")).Value;
        await test.Engine.DeleteAsync(Some.Caller, null, (await test.CreateAsync("""{"a":3}""")).Value.Id, null, default);
        var entity = (await test.CreateAsync("""{"a":2}""")).Value;
        time.Advance(TimeSpan.FromSeconds(1));
        await runner.RoundAsync();
        var newest = (await test.HistoryAsync(entity.Id))[0];
        Assert.Equal(("OPEN", """{"a":2}"""), (newest.State, newest.Document.ToString()));
        Assert.Equal("bill: UNIQUE_VIOLATION", newest.Audit[^1].Detail);
        Assert.Equal(time.GetUtcNow() + TimeSpan.FromSeconds(10),
            Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, entity.Id, default)).DueAt);
        Assert.Equal("BILLED", (await test.ReadAsync(holder.Id))?.State);
    }

    /// <summary>A processor may take a day: meanwhile the entities of others, and the others of the same organization, go on.</summary>
    [Fact]
    public async Task Run_WhileSomeTakeLong_OthersGoOn_EachWithinItsShare()
    {
        var test = new TestEngine(
            WithProcessor.Replace("\"p\"", "\"p\",\"config\":{\"responseTimeoutMs\":86400000}", StringComparison.Ordinal), time);
        var (slow, calls) = (new TaskCompletionSource<Result<JsonText?>>(), 0);
        test.Computation.Process = (_, call, _) =>
        {
            if (call.Entity.Document.ToString() != "{}") return new((JsonText?)null);
            Interlocked.Increment(ref calls);
            return new(slow.Task);
        };
        var busy = await EntitiesAsync(Some.Caller, "{}", 7);
        var runner = Make(test, new MemoryLeases(time));
        await using var work = new Supervisor(time, NullLogger<Supervisor>.Instance).Start("schedules", runner.RunAsync);
        await GoOnUntilAsync(() => Task.FromResult(Volatile.Read(ref calls) == 7), "seven take long");
        var beside = await EntitiesAsync(Some.Caller, """{"a":1}""", 20);
        await GoOnUntilAsync(() => AreBilledAsync(beside), "those beside them are billed in the one place that is left");
        await EntitiesAsync(Some.Caller, "{}", 1200);
        await GoOnUntilAsync(() => Task.FromResult(Volatile.Read(ref calls) == 8), "the last place is taken");
        var others = await EntitiesAsync(new Caller(TenantId.New(time), "user:joe"), """{"a":1}""", 20);
        await GoOnUntilAsync(() => AreBilledAsync(others), "another organization's are billed behind a backlog of several looks");
        Assert.Equal(8, Volatile.Read(ref calls));
        slow.SetResult((JsonText?)null);
        await GoOnUntilAsync(() => AreBilledAsync(busy), "the slow ones are billed in the end");

        async Task<List<EntityRevision>> EntitiesAsync(Caller caller, string document, int count)
        {
            var entities = new List<EntityRevision>();
            for (var i = 0; i < count; i++)
                entities.Add((await test.Engine.CreateAsync(caller, Some.Model, test.NewId(), Some.Json(document), null, default)).Value);
            return entities;
        }

        async Task<bool> AreBilledAsync(List<EntityRevision> entities)
        {
            foreach (var entity in entities)
            {
                if ((await test.Log.ReadAsync(entity.Tenant, entity.Id, AsOf.Latest, default))?.State != "BILLED") return false;
            }
            return true;
        }

        Task GoOnUntilAsync(Func<Task<bool>> condition, string what) => Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(20)); // little: a lease that is renewed in real time must not run out in this one
                return condition();
            },
            what);
    }

    [Fact]
    public async Task Run_WithTheLease_FiresOnTime()
    {
        var (test, _) = Make(Workflow);
        var leases = new MemoryLeases(time);
        await using var work = new Supervisor(time, NullLogger<Supervisor>.Instance).Start("schedules", Make(test, leases).RunAsync);
        var entity = (await test.CreateAsync()).Value;
        await Wait.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                return (await test.ReadAsync(entity.Id))?.State == "ARCHIVED";
            },
            "the transition fires");
        Assert.InRange((await test.ReadAsync(entity.Id))!.ChangedAt - Some.Time, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(65));
        Assert.NotNull(await leases.HolderAsync(ScheduleRunner.LeaseName, default));
        await work.DisposeAsync();
        Assert.Null(await leases.HolderAsync(ScheduleRunner.LeaseName, default));
    }

    [Fact]
    public async Task Run_LeaseHeldByAnother_FiresNothingUntilItIsFree()
    {
        var (test, _) = Make(Workflow);
        var leases = new MemoryLeases(time);
        Assert.NotNull(await leases.TryHoldAsync(ScheduleRunner.LeaseName, "other", TimeSpan.FromSeconds(62), default));
        var entity = (await test.CreateAsync()).Value;
        await using var work = new Supervisor(time, NullLogger<Supervisor>.Instance).Start("schedules", Make(test, leases).RunAsync);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("OPEN", (await test.ReadAsync(entity.Id))?.State);
        await Wait.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return (await test.HistoryAsync(entity.Id)).Count > 1;
            },
            "the transition is dealt with");
        await work.DisposeAsync();
    }

    private (TestEngine Test, ScheduleRunner Runner) Make(string workflow)
    {
        var test = new TestEngine(workflow, time);
        return (test, Make(test, new MemoryLeases(time)));
    }

    private ScheduleRunner Make(TestEngine test, ILeases leases) =>
        new(test.Engine, leases, time, NullLogger<ScheduleRunner>.Instance, new());
}
