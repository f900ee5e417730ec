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

    private static TestEngine With(string mode, TimeProvider? time = null) => new(
        $$$$"""
        {"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[
          {"name":"go","next":"B","manual":true,"processors":[{"name":"p","executionMode":"{{{{mode}}}}","config":{"responseTimeoutMs":500}}]}]},"B":{}}}
        """,
        time);

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
