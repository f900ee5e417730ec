using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;
using Strata.Entities.Workflows;
using Strata.Storage.Memory;

namespace Strata.Entities.Tests.Engine;

/// <summary>Processors before whose call what came before is committed: what stays, what is armed, and what the trail says.</summary>
public class CommitBeforeDispatchTests
{
    private static readonly Error Broken = new(ErrorKind.Invalid, "WORKFLOW_FAILED", "Broken.");

    private const string OneCall = """
        {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,
          "processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH","config":{"responseTimeoutMs":500}}]}]},"B":{}}}
        """;

    private const string TwoStates = """
        {"version":"1.0","name":"w","initialState":"A","states":{
          "A":{"transitions":[{"name":"go","next":"B","manual":true},{"name":"late","next":"X","schedule":{"delayMs":8000}}]},
          "B":{"transitions":[{"name":"auto","next":"C","processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}]},
            {"name":"expire","next":"E","schedule":{"delayMs":3000}},{"name":"late","next":"WRONG","schedule":{"delayMs":600000}}]},
          "C":{},"E":{},"X":{},"WRONG":{}}}
        """;

    [Fact]
    public async Task WhatCameBefore_IsDurableDuringTheCall()
    {
        var test = With();
        EntityRevision? during = null;
        test.Computation.Process = async (_, call, _) =>
        {
            during = await test.ReadAsync(call.Entity.Id);
            return (JsonText?)Some.Json("""{"by":"processor"}""");
        };
        var created = (await test.CreateAsync("""{"a":1}""", "go")).Value;
        Assert.Equal(("A", """{"a":1}""", 1), (during?.State, during?.Document.ToString(), during?.Revision.Value));
        Assert.Equal(("B", """{"by":"processor"}""", 2), (created.State, created.Document.ToString(), created.Revision.Value));
        Assert.Equal(during?.CreatedAt, created.CreatedAt);
        var history = await test.HistoryAsync(created.Id);
        Assert.Equal(2, history.Count);
        Assert.Equal(AuditEventTypes.PauseForProcessing, history[1].Audit[^1].Type);
        Assert.Equal(AuditEventTypes.StateProcessResult, history[0].Audit[0].Type);
    }

    [Fact]
    public async Task Failure_LeavesWhatCameBefore()
    {
        var test = With();
        Answer(test, Broken);
        var id = test.NewId();
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go", id)).Error?.Code);
        Assert.Equal("A", (await test.ReadAsync(id))?.State);
    }

    [Fact]
    public async Task ChangedDuringTheCall_DropsTheAnswerAndCallsOnce()
    {
        var test = With();
        test.Computation.Process = async (_, call, _) =>
        {
            Assert.True((await test.UpdateAsync(call.Entity.Id, """{"by":"rival"}""")).IsOk);
            return (JsonText?)Some.Json("""{"by":"processor"}""");
        };
        var id = test.NewId();
        Assert.Equal("ENTITY_MODIFIED", (await test.CreateAsync("{}", "go", id)).Error?.Code);
        Assert.Equal("""{"by":"rival"}""", (await test.ReadAsync(id))?.Document.ToString());
        Assert.Single(test.Computation.Calls);
    }

    [Fact]
    public async Task ServerEndsDuringTheCall_AnotherTellsTheTrail()
    {
        var time = new FakeTime();
        var test = With(time);
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var id = test.NewId();
        _ = test.CreateAsync("{}", "go", id);
        var (_, runner, later) = ServerAfter(test, time);
        Assert.Equal(0, await runner.RoundAsync());
        later.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(1, await runner.RoundAsync());
        var last = (await test.HistoryAsync(id))[0];
        Assert.Equal(("A", AuditEventTypes.TransitionAborted, "go"), (last.State, last.Audit[0].Type, last.Audit[0].Detail));
        Assert.Contains("PROCESSING_LOST", last.Audit[0].Reason, StringComparison.Ordinal);
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
        Assert.Equal(0, await runner.RoundAsync());
    }

    [Fact]
    public async Task ChangedDuringTheCall_LeavesNoWatchBehind()
    {
        var test = With();
        test.Computation.Process = async (_, call, _) =>
        {
            Assert.True((await test.UpdateAsync(call.Entity.Id, "{}")).IsOk);
            return (JsonText?)null;
        };
        var id = test.NewId();
        Assert.Equal("ENTITY_MODIFIED", (await test.CreateAsync("{}", "go", id)).Error?.Code);
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answered_LeavesNoWatchBehind(bool succeeds)
    {
        var test = With();
        test.Computation.Process = async (_, call, _) =>
        {
            Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, call.Entity.Id, default));
            return succeeds ? (JsonText?)null : Broken;
        };
        var id = test.NewId();
        Assert.Equal(succeeds, (await test.CreateAsync("{}", "go", id)).IsOk);
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
    }

    [Fact]
    public async Task CallerLeavesDuringTheCall_GoesOnToItsEnd()
    {
        var test = With();
        using var gaveUp = new CancellationTokenSource();
        test.Computation.Process = async (_, _, ct) =>
        {
            await gaveUp.CancelAsync();
            ct.ThrowIfCancellationRequested();
            return (JsonText?)Some.Json("""{"by":"processor"}""");
        };
        var id = test.NewId();
        await test.Engine.CreateAsync(Some.Caller, Some.Model, id, JsonText.EmptyObject, "go", gaveUp.Token);
        Assert.Equal(("B", """{"by":"processor"}"""), ((await test.ReadAsync(id))?.State, (await test.ReadAsync(id))?.Document.ToString()));
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
    }

    [Fact]
    public async Task EndIsRefused_IsInTheTrail()
    {
        var test = With(keys: [new UniqueKeyDefinition("k", [JsonPath.Parse("$.a")])]);
        Assert.True((await test.CreateAsync("""{"a":1}""")).IsOk);
        Answer(test, """{"a":1}""");
        var id = test.NewId();
        Assert.Equal("UNIQUE_VIOLATION", (await test.CreateAsync("""{"a":2}""", "go", id)).Error?.Code);
        var last = (await test.HistoryAsync(id))[0];
        Assert.Equal(("A", """{"a":2}"""), (last.State, last.Document.ToString()));
        Assert.Equal([AuditEventTypes.TransitionAborted, AuditEventTypes.Cancel], last.Audit.Select(e => e.Type));
        Assert.StartsWith("UNIQUE_VIOLATION: ", last.Audit[0].Reason, StringComparison.Ordinal);
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
        Assert.Equal("UNIQUE_VIOLATION", (await test.CreateAsync("""{"a":2}""")).Error?.Code); // its own key is still held
    }

    /// <summary>What the old state had armed must neither fire there nor stand in the way of what the new one arms.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CutOffInAnotherState_ArmsWhatThatStateArms(bool isLost)
    {
        var time = new FakeTime();
        var test = new TestEngine(TwoStates, time);
        var id = (await test.CreateAsync()).Value.Id;
        test.Computation.Process = async (_, _, _) =>
        {
            var during = await test.Log.SchedulesAsync(Some.Tenant, id, default);
            Assert.Equal([""], during.Select(s => s.Transition));
            if (isLost) await new TaskCompletionSource().Task;
            return Broken;
        };
        if (isLost)
        {
            _ = test.TakeAsync(id, "go");
            var (_, runner, later) = ServerAfter(test, time, TwoStates);
            later.Advance(TimeSpan.FromSeconds(46));
            await runner.RoundAsync();
        }
        else Assert.Equal("WORKFLOW_FAILED", (await test.TakeAsync(id, "go")).Error?.Code);
        Assert.Equal(["expire", "late"], (await test.Log.SchedulesAsync(Some.Tenant, id, default)).Select(s => s.Transition).Order());
        var last = (await test.HistoryAsync(id))[0];
        Assert.Equal(("B", AuditEventTypes.TransitionAborted, AuditEventTypes.Cancel), (last.State, last.Audit[0].Type, last.Audit[1].Type));
        Assert.Contains(last.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionArm, Detail: "expire" });
    }

    [Fact]
    public async Task NewEntityThatIsCutOff_ArmsItsState()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[
              {"name":"auto","next":"C","processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}]},
              {"name":"expire","next":"E","schedule":{"delayMs":3000}}]},"C":{},"E":{}}}
            """);
        Answer(test, Broken);
        var id = test.NewId();
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", null, id)).Error?.Code);
        Assert.Equal("expire", Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, id, default)).Transition);
    }

    /// <summary>Whether the commit took effect could not be known, and no server would call the processor.</summary>
    [Fact]
    public async Task CallerLeavesDuringTheFirstCommit_GoesOnToItsEnd()
    {
        var test = With();
        using var gaveUp = new CancellationTokenSource();
        test.Counted.BeforeAppend = _ => gaveUp.CancelAsync();
        Answer(test, """{"by":"processor"}""");
        var id = test.NewId();
        await test.Engine.CreateAsync(Some.Caller, Some.Model, id, JsonText.EmptyObject, "go", gaveUp.Token);
        Assert.Equal("B", (await test.ReadAsync(id))?.State);
    }

    [Fact]
    public async Task Processor_WithMoreTimeThanATimerHas_IsCalled()
    {
        var time = new FakeTime();
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true,"processors":[
              {"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH","config":{"responseTimeoutMs":1000000000000}}]}]},"B":{}}}
            """, time);
        test.Computation.Process = async (_, call, _) =>
        {
            var watch = Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, call.Entity.Id, default));
            Assert.InRange(watch.DueAt - time.GetUtcNow(), TimeSpan.FromHours(23), TimeSpan.FromHours(25));
            return (JsonText?)null;
        };
        Assert.Equal("B", (await test.CreateAsync("{}", "go")).Value.State);
    }

    [Fact]
    public async Task WatchOfARunThatWasCutOff_DoesNotEndTheNextOne()
    {
        var time = new FakeTime();
        var test = With(time);
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var id = test.NewId();
        _ = test.CreateAsync("{}", "go", id);
        var (other, runner, later) = ServerAfter(test, time);
        later.Advance(TimeSpan.FromSeconds(10));
        other.Computation.Process = async (_, _, _) =>
        {
            later.Advance(TimeSpan.FromMilliseconds(400));
            var watch = Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, id, default));
            Assert.True(watch.DueAt > later.GetUtcNow() + TimeSpan.FromSeconds(15), "the watch of this run alone");
            return (JsonText?)null;
        };
        Assert.Equal("B", (await other.TakeAsync(id, "go")).Value.State);
        later.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await runner.RoundAsync());
    }

    /// <summary>What ends the scheduled run must not be written over what a member wrote in it.</summary>
    [Fact]
    public async Task ScheduledRun_RefusedForWhatAMemberWrote_LeavesTheMembersEntityAlone()
    {
        var time = new FakeTime();
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"t","next":"B","schedule":{"delayMs":1000},
              "processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}]}]},"B":{}}}
            """, time, [new UniqueKeyDefinition("k", [JsonPath.Parse("$.a")])]);
        var order = (await test.CreateAsync("""{"a":1}""")).Value;
        time.Advance(TimeSpan.FromMilliseconds(500));
        var (holder, beside) = ((await test.CreateAsync("""{"a":2}""")).Value, (await test.CreateAsync("""{"a":3}""")).Value);
        test.Computation.Process = async (_, call, ct) =>
        {
            var joining = Some.Caller with { Join = await call.Join!.OfferAsync() };
            Assert.True((await test.Engine.UpdateAsync(joining, null, beside.Id, _ => Some.Json("""{"a":2}"""), null, null, ct)).IsOk);
            return (JsonText?)null;
        };
        time.Advance(TimeSpan.FromMilliseconds(500));
        var runner = new ScheduleRunner(test.Engine, new MemoryLeases(time), time, NullLogger<ScheduleRunner>.Instance, new());
        await runner.RoundAsync();
        Assert.Equal((beside.Revision, """{"a":3}"""), await StandsAsync(beside.Id));
        Assert.Equal("""{"a":1}""", (await StandsAsync(order.Id)).Document);
        var last = (await test.HistoryAsync(order.Id))[0];
        Assert.Equal(("A", "t: UNIQUE_VIOLATION"), (last.State, last.Audit[^1].Detail));
        Assert.Equal(holder.Revision, (await StandsAsync(holder.Id)).Revision);

        async Task<(Revision Revision, string Document)> StandsAsync(EntityId id) =>
            await test.ReadAsync(id) is { } entity ? (entity.Revision, entity.Document.ToString()) : default;
    }

    /// <summary>A function that cannot say when, mostly for the same reason, must not disarm the others.</summary>
    [Fact]
    public async Task CutOffInAnotherState_WhereAFunctionFails_ArmsTheOthers_AndNotesIt()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"go","next":"B","manual":true}]},
              "B":{"transitions":[{"name":"auto","next":"C","processors":[{"name":"p","executionMode":"COMMIT_BEFORE_DISPATCH"}]},
                {"name":"asked","next":"C","schedule":{"function":{"name":"when","resultKind":"Schedule","calculationNodesTags":"clock"}}},
                {"name":"expire","next":"C","schedule":{"delayMs":3000}}]},"C":{}}}
            """);
        var id = (await test.CreateAsync()).Value.Id;
        Answer(test, Broken);
        test.Computation.Schedule = (_, _, _) => new(Broken);
        Assert.Equal("WORKFLOW_FAILED", (await test.TakeAsync(id, "go")).Error?.Code);
        Assert.Equal("expire", Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, id, default)).Transition);
        var last = (await test.HistoryAsync(id))[0];
        Assert.Contains(last.Audit, e => e is { Type: AuditEventTypes.ScheduledTransitionFail, Detail: "asked: WORKFLOW_FAILED" });
    }

    [Fact]
    public async Task WhatMembersDidBesideARunThatFailedLater_IsDropped()
    {
        var test = new TestEngine("""
            {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[
              {"name":"go","next":"B","manual":true,"processors":[{"name":"first","executionMode":"COMMIT_BEFORE_DISPATCH"},{"name":"second","executionMode":"SYNC"}]}]},"B":{}}}
            """);
        var beside = test.NewId();
        test.Computation.Process = async (processor, call, ct) =>
        {
            if (processor.Name == "second") return Broken;
            var joining = Some.Caller with { Join = await call.Join!.OfferAsync() };
            Assert.True((await test.Engine.CreateAsync(joining, Some.Model, beside, JsonText.EmptyObject, null, ct)).IsOk);
            return (JsonText?)null;
        };
        var id = test.NewId();
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go", id)).Error?.Code);
        Assert.Null(await test.ReadAsync(beside));
        Assert.Equal(AuditEventTypes.Cancel, (await test.HistoryAsync(id))[0].Audit[^1].Type);
    }

    [Fact]
    public async Task InATransactionOfSeveralSteps_IsRefused()
    {
        var test = With();
        var transaction = await test.Engine.BeginAsync(Some.Caller, default);
        Assert.Equal("COMMIT_IN_JOINED_TRANSACTION",
            (await transaction.CreateAsync(Some.Model, test.NewId(), JsonText.EmptyObject, "go", default)).Error?.Code);
    }

    private static TestEngine With(
        TimeProvider? time = null, IReadOnlyList<UniqueKeyDefinition>? keys = null) => new(OneCall, time, keys);

    /// <summary>Another server on the same log. The first one is as good as dead from here on: its clock stands still.</summary>
    private static (TestEngine Engine, ScheduleRunner Runner, FakeTime Time) ServerAfter(
        TestEngine dead, FakeTime time, string workflow = OneCall)
    {
        var later = new FakeTime(time.GetUtcNow());
        var next = new TestEngine(workflow, later, log: dead.Log);
        return (next, new ScheduleRunner(next.Engine, new MemoryLeases(later), later, NullLogger<ScheduleRunner>.Instance, new()), later);
    }

    private static void Answer(TestEngine test, string document) => test.Computation.Process = (_, _, _) =>
        new((JsonText?)Some.Json(document));

    private static void Answer(TestEngine test, Error error) => test.Computation.Process = (_, _, _) => new(error);
}
