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

public class ExecutionModeTests
{
    private static readonly Error Broken = new(ErrorKind.Invalid, "WORKFLOW_FAILED", "Broken.");

    [Theory]
    [InlineData("SYNC")]
    [InlineData("ASYNC_SAME_TX")]
    public async Task InTransaction_AnswerIsKept_FailureRollsBack(string mode)
    {
        var test = With(mode);
        Answer(test, """{"by":"processor"}""");
        var created = (await test.CreateAsync("{}", "go")).Value;
        Assert.Equal(("B", """{"by":"processor"}"""), (created.State, created.Document.ToString()));
        Assert.Equal(1, test.Counted.Appends);
        Assert.Contains(created.Audit, e => e is { Type: AuditEventTypes.StateProcessResult, Detail: "p" });

        Answer(test, Broken);
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go")).Error?.Code);
        Assert.Equal(1, test.Counted.Appends);
    }

    [Fact]
    public async Task AsyncNewTransaction_AnswerIsDropped_FailureIsNotFatal()
    {
        var test = With("ASYNC_NEW_TX");
        Answer(test, """{"by":"processor"}""");
        Assert.Equal("{}", (await test.CreateAsync("{}", "go")).Value.Document.ToString());
        Answer(test, Broken);
        var created = (await test.CreateAsync("{}", "go")).Value;
        Assert.Equal("B", created.State);
        Assert.Contains(created.Audit, e => e is { Type: AuditEventTypes.StateProcessResult, Detail: "p: WORKFLOW_FAILED" });
    }

    [Fact]
    public async Task CommitBeforeDispatch_WhatCameBefore_IsDurableDuringTheCall()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
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
    public async Task CommitBeforeDispatch_Failure_LeavesWhatCameBefore()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
        Answer(test, Broken);
        var id = test.NewId();
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go", id)).Error?.Code);
        Assert.Equal("A", (await test.ReadAsync(id))?.State);
    }

    [Fact]
    public async Task CommitBeforeDispatch_ChangedDuringTheCall_DropsTheAnswerAndCallsOnce()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
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
    public async Task CommitBeforeDispatch_ServerEndsDuringTheCall_AnotherTellsTheTrail()
    {
        var time = new FakeTime();
        var test = With("COMMIT_BEFORE_DISPATCH", time);
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var id = test.NewId();
        _ = test.CreateAsync("{}", "go", id); // its server is as good as dead: nobody moves this engine's time on
        var later = new FakeTime(time.GetUtcNow());
        var runner = new ScheduleRunner(
            new TestEngine(null, later, log: test.Log).Engine, new MemoryLeases(later), later, NullLogger<ScheduleRunner>.Instance);
        Assert.Equal(0, await runner.FireDueAsync(null, default));
        later.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(1, await runner.FireDueAsync(null, default));
        var last = (await test.HistoryAsync(id))[0];
        Assert.Equal(("A", AuditEventTypes.TransitionAborted, "go"), (last.State, last.Audit[0].Type, last.Audit[0].Detail));
        Assert.Contains("PROCESSING_LOST", last.Audit[0].Reason, StringComparison.Ordinal);
        Assert.Empty(await test.Log.SchedulesAsync(Some.Tenant, id, default));
        Assert.Equal(0, await runner.FireDueAsync(null, default));
    }

    [Fact]
    public async Task CommitBeforeDispatch_ChangedDuringTheCall_LeavesNoWatchBehind()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
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
    public async Task CommitBeforeDispatch_Answered_LeavesNoWatchBehind(bool succeeds)
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
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
    public async Task CommitBeforeDispatch_CallerLeavesDuringTheCall_GoesOnToItsEnd()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
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
    public async Task CommitBeforeDispatch_EndIsRefused_IsInTheTrail()
    {
        var test = With("COMMIT_BEFORE_DISPATCH", keys: [new UniqueKeyDefinition("k", [JsonPath.Parse("$.a")])]);
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

    [Fact]
    public async Task CommitBeforeDispatch_WatchOfARunThatWasCutOff_DoesNotEndTheNextOne()
    {
        var time = new FakeTime();
        var test = With("COMMIT_BEFORE_DISPATCH", time);
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var id = test.NewId();
        _ = test.CreateAsync("{}", "go", id); // its server is as good as dead: nobody moves this engine's time on
        var later = new FakeTime(time.GetUtcNow());
        var other = With("COMMIT_BEFORE_DISPATCH", later, log: test.Log);
        later.Advance(TimeSpan.FromSeconds(10));
        var runner = new ScheduleRunner(other.Engine, new MemoryLeases(later), later, NullLogger<ScheduleRunner>.Instance);
        other.Computation.Process = async (_, _, _) =>
        {
            later.Advance(TimeSpan.FromMilliseconds(400));
            var watch = Assert.Single(await test.Log.SchedulesAsync(Some.Tenant, id, default));
            Assert.True(watch.DueAt > later.GetUtcNow() + TimeSpan.FromSeconds(15), "the watch of this run alone");
            return (JsonText?)null;
        };
        Assert.Equal("B", (await other.TakeAsync(id, "go")).Value.State);
        later.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await runner.FireDueAsync(null, default));
    }

    [Fact]
    public async Task CommitBeforeDispatch_WhatMembersDidBesideARunThatFailedLater_IsDropped()
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
    public async Task CommitBeforeDispatch_InATransactionOfSeveralSteps_IsRefused()
    {
        var test = With("COMMIT_BEFORE_DISPATCH");
        var transaction = await test.Engine.BeginAsync(Some.Caller, default);
        Assert.Equal("COMMIT_IN_JOINED_TRANSACTION",
            (await transaction.CreateAsync(Some.Model, test.NewId(), JsonText.EmptyObject, "go", default)).Error?.Code);
    }

    [Fact]
    public async Task Processor_NoAnswerInTime_IsADispatchTimeout()
    {
        var time = new FakeTime();
        var test = With("SYNC", time);
        // never answers, and does not look at the token
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var create = test.CreateAsync("{}", "go");
        Assert.False(create.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal("DISPATCH_TIMEOUT", (await create).Error?.Code);
    }

    [Fact]
    public async Task Processor_PastTheDeadline_GivesTheTransactionUp()
    {
        var time = new FakeTime();
        var test = With("SYNC", time);
        test.Computation.Process = (_, _, _) => new(new TaskCompletionSource<Result<JsonText?>>().Task);
        var caller = Some.Caller with { Deadline = time.GetUtcNow().AddMilliseconds(100) };
        var create = test.Engine.CreateAsync(caller, Some.Model, test.NewId(), JsonText.EmptyObject, "go", default).AsTask();
        Assert.False(create.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(("TRANSACTION_TIMEOUT", ErrorKind.RequestTimeout), ((await create).Error?.Code, (await create).Error?.Kind));
        Assert.Equal(
            "TRANSACTION_TIMEOUT",
            (await test.Engine.CreateAsync(caller, Some.Model, test.NewId(), JsonText.EmptyObject, null, default)).Error?.Code);
        Assert.Equal(0, test.Counted.Appends);
    }

    [Fact]
    public async Task Deadline_PassedAfterTheFirstCommit_NoLongerCounts()
    {
        var time = new FakeTime();
        var test = With("COMMIT_BEFORE_DISPATCH", time);
        test.Computation.Process = (_, _, _) =>
        {
            time.Advance(TimeSpan.FromMilliseconds(200));
            return new((Result<JsonText?>)(JsonText?)null);
        };
        var caller = Some.Caller with { Deadline = time.GetUtcNow().AddMilliseconds(100) };
        Assert.Equal(
            "B", (await test.Engine.CreateAsync(caller, Some.Model, test.NewId(), JsonText.EmptyObject, "go", default)).Value.State);
    }

    [Fact]
    public async Task Processor_Throws_IsAnError()
    {
        var test = With("SYNC");
        test.Computation.Process = (_, _, _) => throw new InvalidOperationException("oops");
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go")).Error?.Code);
        test.Computation.Process = async (_, _, _) =>
        {
            await Task.Yield();
            throw new Error(ErrorKind.Unavailable, "COMPUTE_MEMBER_DISCONNECTED", "Gone.").ToException();
        };
        Assert.Equal("COMPUTE_MEMBER_DISCONNECTED", (await test.CreateAsync("{}", "go")).Error?.Code);
    }

    [Fact]
    public async Task Processor_CallerGivesUp_IsCancelled()
    {
        var test = With("SYNC");
        using var gaveUp = new CancellationTokenSource();
        test.Computation.Process = async (_, _, ct) =>
        {
            await gaveUp.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            return (JsonText?)null;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await test.Engine.CreateAsync(Some.Caller, Some.Model, test.NewId(), JsonText.EmptyObject, "go", gaveUp.Token));
        Assert.Equal(0, test.Counted.Appends);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("\"\\u0000\"")]
    [InlineData("")]
    public async Task Processor_AnswersWithWhatCannotBeKept_IsAnError(string answer)
    {
        var test = With("SYNC");
        Answer(test, answer);
        Assert.Equal("WORKFLOW_FAILED", (await test.CreateAsync("{}", "go")).Error?.Code);
    }

    [Fact]
    public async Task InProcess_ServesByName_AndKnowsWhatItDoesNotServe()
    {
        var computation = new InProcessComputation([new Stamp()], [new Never()]);
        var call = new ComputeCall(Some.Entity("{}"), "w", null);
        Assert.Equal("1", (await computation.ProcessAsync(new ProcessorDefinition { Name = "stamp" }, call, default)).Value.ToString());
        Assert.False((await computation.MatchesAsync(new FunctionDefinition("never", ComputeConfig.Default), call, default)).Value);
        var unknown = (await computation.ProcessAsync(new ProcessorDefinition { Name = "x" }, call, default)).Error;
        Assert.Equal(("NO_COMPUTE_MEMBER_FOR_TAG", ErrorKind.Unavailable), (unknown?.Code, unknown?.Kind));
        Assert.Throws<ArgumentException>(() => new InProcessComputation([new Stamp(), new Stamp()], []));
    }

    private static TestEngine With(
        string mode, TimeProvider? time = null, IReadOnlyList<UniqueKeyDefinition>? keys = null, MemoryLog? log = null) => new(
        $$$$"""
        {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[
          {"name":"go","next":"B","manual":true,"processors":[{"name":"p","executionMode":"{{{{mode}}}}","config":{"responseTimeoutMs":500}}]}]},"B":{}}}
        """,
        time, keys, log: log);

    private static void Answer(TestEngine test, string document) => test.Computation.Process = (_, _, _) =>
        new((JsonText?)Some.Json(document));

    private static void Answer(TestEngine test, Error error) => test.Computation.Process = (_, _, _) => new(error);

    private sealed class Stamp : IProcessor
    {
        public string Name => "stamp";

        public ValueTask<Result<JsonText?>> ProcessAsync(ComputeCall call, CancellationToken cancellationToken) =>
            new((JsonText?)Some.Json("1"));
    }

    private sealed class Never : ICriterion
    {
        public string Name => "never";

        public ValueTask<Result<bool>> MatchesAsync(ComputeCall call, CancellationToken cancellationToken) => new(false);
    }
}
