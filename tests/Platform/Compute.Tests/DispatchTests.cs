using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;

namespace Strata.Compute.Tests;

/// <summary>Who gets a call, and what becomes of it.</summary>
public sealed class DispatchTests
{
    private readonly MemberDirectory directory;
    private readonly MemberComputation computation;

    public DispatchTests() => (directory, computation) = Make(new ComputeLimits { WaitMax = TimeSpan.FromSeconds(30), MembersMax = 600 });

    [Fact]
    public async Task Answer_OfTheMemberThatWasAsked_IsTheResult()
    {
        var (member, connection) = Join("a");
        var asking = AskAsync("a");
        var call = await connection.NextAsync();
        Assert.True(member.TryAnswer(call.RequestId, new MemberAnswer { Document = JsonText.FromString("{\"x\":1}") }));
        Assert.Equal("{\"x\":1}", (await asking).Value!.Value.ToString());
        Assert.False(member.TryAnswer(call.RequestId, new MemberAnswer())); // twice
        Assert.False(member.TryAnswer("never", new MemberAnswer()));
        Assert.Equal((1, 0, 2L), (member.Report().Calls, member.Report().InFlight, member.Report().Dropped));
    }

    [Fact]
    public async Task Watcher_IsToldOfEachCall_OfItsOrganizationOnly()
    {
        var (member, connection) = Join("a");
        using var mine = directory.Calls.Watch(Given.Tenant).Value;
        using var others = directory.Calls.Watch(Given.Other).Value;
        var asking = AskAsync("a");
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer { Document = JsonText.FromString("{}") });
        await asking;
        var told = await mine.Calls.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("p", "{}", null), (told.Name, told.Output?.ToString(), told.Failure));
        asking = AskAsync("a");
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer { Failure = new MemberFailure(null, "No.", false) });
        await asking;
        Assert.Equal("No.", (await mine.Calls.ReadAsync(TestContext.Current.CancellationToken)).Failure);
        Assert.False(others.Calls.TryRead(out _));
        asking = AskAsync("a");
        member.TryAnswer((await connection.NextAsync()).RequestId,
            new MemberAnswer { Document = JsonText.FromString($"\"{new string('x', FinishedCall.DocumentBytesMax)}\"") });
        await asking;
        Assert.Null((await mine.Calls.ReadAsync(TestContext.Current.CancellationToken)).Output); // too long to be kept for who is slow
        var all = Enumerable.Range(0, CallWatch.WatchersMax - 1).Select(_ => directory.Calls.Watch(Given.Tenant).Value).ToList();
        Assert.Equal("SERVER_BUSY", directory.Calls.Watch(Given.Tenant).Error?.Code);
        foreach (var one in all) one.Dispose();
        Assert.True(directory.Calls.Watch(Given.Tenant).IsOk);
    }

    [Fact]
    public async Task Tags_AnyOverlapServes_InTheOwnOrganizationOnly()
    {
        Join("x,gpu");
        Assert.True(computation.Serves(Given.Tenant, Given.Processor("gpu,eu")));
        Assert.True(computation.Serves(Given.Tenant, Given.Processor("")));
        Assert.False(computation.Serves(Given.Tenant, Given.Processor("cpu")));
        Assert.False(computation.Serves(Given.Other, Given.Processor("gpu")));
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", (await AskAsync("cpu")).Error!.Code);
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG",
            (await computation.ProcessAsync(Given.Processor("gpu"), Given.Call(Given.Other), default)).Error!.Code);
        Assert.Empty(directory.Report(Given.Other));
    }

    /// <summary>Its token reaches that project only, and so do the documents that it is sent.</summary>
    [Fact]
    public async Task MemberOfAProject_IsAskedOnlyAboutItsModels()
    {
        var connection = new TestConnection();
        var member = directory.Join(Given.Tenant, "token:p2", ["scoped"], null, connection, "prj_2").Value;
        foreach (var other in new[] { "prj_1", null })
        {
            var refused = await computation.ProcessAsync(Given.Processor("scoped"), Given.Call() with { Project = other }, default);
            Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", refused.Error!.Code);
        }
        Assert.Empty(connection.Calls);
        var asking = computation.ProcessAsync(Given.Processor("scoped"), Given.Call() with { Project = "prj_2" }, default).AsTask();
        Assert.True(
            member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer { Document = JsonText.FromString("{\"x\":2}") }));
        Assert.Equal("{\"x\":2}", (await asking).Value!.Value.ToString());
    }

    [Fact]
    public async Task Calls_GoToTheLeastBusy_ThenToTheLongestIdle()
    {
        var members = Enumerable.Range(0, 3).Select(_ => Join("a")).ToArray();
        for (var call = 0; call < 9; call++) _ = AskAsync("a");
        Assert.All(members, m => Assert.Equal(3, m.Connection.Calls.Count));
        var (busy, connection) = members[1];
        busy.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        await Wait.UntilAsync(() => busy.InFlight == 2, "its place is free");
        _ = AskAsync("a");
        Assert.Equal(3, connection.Calls.Count);
    }

    [Fact]
    public async Task Limit_OfAMember_Holds_AndThoseWhoWaitAreServedInOrder()
    {
        var (member, connection) = Join("a", limit: 1);
        var first = AskAsync("a");
        var second = AskAsync("a");
        var call = await connection.NextAsync();
        Assert.Empty(connection.Calls);
        member.TryAnswer(call.RequestId, new MemberAnswer());
        await first;
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        Assert.True((await second).IsOk);
    }

    [Fact]
    public async Task AllBusy_ForTooLong_OrTooManyWaiting_IsServerBusy()
    {
        var (few, busy) = Make(new ComputeLimits { WaitMax = TimeSpan.FromMilliseconds(300), WaitingMax = 2 });
        few.Join(Given.Tenant, "client:test", ["a"], 1, new TestConnection());
        Task<Result<JsonText?>> Ask() => busy.ProcessAsync(Given.Processor("a"), Given.Call(), CancellationToken.None).AsTask();
        _ = Ask();
        var waiting = new[] { Ask(), Ask() };
        var oneTooMany = await Ask();
        Assert.Equal(("SERVER_BUSY", true), (oneTooMany.Error!.Code, oneTooMany.Error.Retryable));
        foreach (var one in waiting) Assert.Equal("SERVER_BUSY", (await one).Error!.Code);
    }

    [Fact]
    public async Task Counts_ShowWhatRunsWaitsWasRefusedAndRanOutOfTime()
    {
        var (few, busy) = Make(new ComputeLimits { WaitMax = TimeSpan.FromMinutes(5), WaitingMax = 2 });
        var connection = new TestConnection();
        var member = few.Join(Given.Tenant, "client:test", ["a"], 1, connection).Value;
        Task<Result<JsonText?>> Ask(CancellationToken cancellationToken = default, CancellationToken timedOut = default)
        {
            var processor = Given.Processor("a");
            // the clock does not decide
            processor = processor with { Config = processor.Config with { ResponseTimeout = TimeSpan.FromTicks(1) } };
            return busy.ProcessAsync(processor, Given.Call() with { TimedOut = timedOut }, cancellationToken).AsTask();
        }
        var first = Ask();
        using var cancel = new CancellationTokenSource();
        var (second, cancelled) = (Ask(), Ask(cancel.Token));
        Assert.Equal("SERVER_BUSY", (await Ask()).Error!.Code);
        Assert.Equal((1, 2, 1, 0), Counted());
        await cancel.CancelAsync(); // its caller left: neither refused nor out of time
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal((1, 1, 1, 0), Counted());
        using var timeout = new CancellationTokenSource();
        var late = Ask(timeout.Token, timeout.Token);
        await timeout.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late);
        Assert.Equal((1, 1, 1, 1), Counted());
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        await Task.WhenAll(first, second);
        connection.Busy = new Error(ErrorKind.Unavailable, "SERVER_BUSY", "No memory.");
        await Ask();
        Assert.Equal((0, 0, 2, 1), Counted());

        (long Running, long Waiting, long Refused, long TimedOut) Counted() =>
            (few.Counts.Running, few.Counts.Waiting, few.Counts.Refused, few.Counts.TimedOut);
    }

    [Fact]
    public async Task Member_ThatJoins_ServesWhoWaits()
    {
        Join("a", limit: 1);
        _ = AskAsync("a");
        var waiting = AskAsync("a");
        var (member, connection) = Join("a");
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        Assert.True((await waiting).IsOk);
    }

    [Fact]
    public async Task Member_Lost_FailsItsCalls_UnlessTheyMayBeRepeated()
    {
        var (lost, connection) = Join("a");
        var (other, otherConnection) = Join("a");
        var asking = AskAsync("a", idempotent: true);
        var call = await connection.NextAsync();
        directory.Leave(lost);
        var again = await otherConnection.NextAsync();
        Assert.NotEqual(call.RequestId, again.RequestId);
        Assert.False(lost.TryAnswer(call.RequestId, new MemberAnswer { Document = JsonText.FromString("{\"late\":true}") }));
        other.TryAnswer(again.RequestId, new MemberAnswer { Document = JsonText.FromString("{\"ok\":true}") });
        Assert.Equal("{\"ok\":true}", (await asking).Value!.Value.ToString());

        var once = AskAsync("a");
        await otherConnection.NextAsync();
        directory.Leave(other);
        Assert.Equal("COMPUTE_MEMBER_DISCONNECTED", (await once).Error!.Code);
    }

    [Fact]
    public async Task Repeats_EndAfterThreeFurtherMembers_AndRetryPolicyNoneAllowsNone()
    {
        for (var i = 0; i < 6; i++) Join("a").Connection.Takes = false;
        var lost = await AskAsync("a", idempotent: true);
        Assert.Equal("COMPUTE_MEMBER_DISCONNECTED", lost.Error!.Code);
        Assert.Equal(4, directory.Report(Given.Tenant).Sum(m => m.Calls));
        await AskAsync("a", idempotent: true, retry: "NONE");
        Assert.Equal(5, directory.Report(Given.Tenant).Sum(m => m.Calls));
        Assert.All(directory.Report(Given.Tenant), m => Assert.Equal(0, m.InFlight));
    }

    [Fact]
    public async Task Member_Leaving_FinishesWhatItHas_AndGetsNoMore()
    {
        var (leaving, connection) = Join("a");
        var asking = AskAsync("a");
        var call = await connection.NextAsync();
        directory.Drain(leaving);
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", (await AskAsync("a")).Error!.Code);
        leaving.TryAnswer(call.RequestId, new MemberAnswer());
        Assert.True((await asking).IsOk);
    }

    [Fact]
    public async Task Call_Cancelled_FreesItsPlace_AndItsLateAnswerIsDropped()
    {
        var (member, connection) = Join("a", limit: 1);
        using var cancel = new CancellationTokenSource();
        var asking = computation.ProcessAsync(Given.Processor("a"), Given.Call(), cancel.Token).AsTask();
        var call = await connection.NextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.False(member.TryAnswer(call.RequestId, new MemberAnswer()));
        Assert.Equal(0, member.InFlight);
    }

    [Fact]
    public async Task Failure_OfAMember_IsWorkflowFailed_WithItsWords()
    {
        var (member, connection) = Join("a");
        var asking = AskAsync("a");
        member.TryAnswer((await connection.NextAsync()).RequestId,
            new MemberAnswer { Failure = new MemberFailure("E42", "the card was declined", Retryable: false) });
        var error = (await asking).Error!;
        Assert.Equal(("WORKFLOW_FAILED", "E42"), (error.Code, error.Details!["memberErrorCode"]));
        Assert.Contains("the card was declined", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ThatDoesNotFitInItsOrganizationsMemory_IsServerBusy_AndNotALostMember()
    {
        var (member, connection) = Join("a");
        connection.Busy = new Error(
            ErrorKind.Unavailable, "SERVER_BUSY", "This organization's calls use as much memory as they may.") { Retryable = true };
        Assert.Equal("SERVER_BUSY", (await AskAsync("a", idempotent: true)).Error!.Code);
        Assert.Equal(0, member.Report().Lost);
        connection.Busy = null;
        var asking = AskAsync("a");
        member.TryAnswer((await connection.NextAsync()).RequestId, new MemberAnswer());
        Assert.True((await asking).IsOk);
    }

    /// <summary>
    /// Five hundred members come, go and come again while calls go on: none hangs, none is answered wrongly, nothing is left.
    /// </summary>
    [Fact]
    public async Task Storm_OfReconnects_LeavesNothingBehind()
    {
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var storm = Enumerable.Range(0, 500).Select(i => Task.Run(async () =>
        {
            var random = Seeded.Random(i);
            while (!over.IsCancellationRequested)
            {
                var (member, connection) = Join("a", limit: 2);
                for (var step = 0; step < 5; step++)
                {
                    await Task.Delay(random.Next(5));
                    while (connection.Calls.TryDequeue(out var call))
                        member.TryAnswer(call.RequestId, new MemberAnswer { Document = JsonText.FromString($"\"{call.RequestId}\"") });
                }
                directory.Leave(member);
            }
        })).ToArray();
        var answered = 0;
        var calls = Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                var result = await AskAsync("a", idempotent: true);
                if (result.IsOk) Interlocked.Increment(ref answered);
                else Assert.Contains(
                    result.Error!.Code, (string[])["COMPUTE_MEMBER_DISCONNECTED", "NO_COMPUTE_MEMBER_FOR_TAG", "SERVER_BUSY"]);
            }
        })).ToArray();
        await Task.WhenAll([.. storm, .. calls]).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(answered > 0);
        Assert.Empty(directory.Report(Given.Tenant));
        Assert.False(directory.Serves(Given.Tenant, []));
    }

    private static (MemberDirectory Directory, MemberComputation Computation) Make(ComputeLimits limits)
    {
        var made = new MemberDirectory(limits, TimeProvider.System);
        return (made, ComputeModule.Computation(made, new PeerCalls(), limits, TimeProvider.System));
    }

    private (Member Member, TestConnection Connection) Join(string tags, int? limit = null)
    {
        var connection = new TestConnection();
        return (directory.Join(Given.Tenant, "client:test", tags.Split(','), limit, connection).Value, connection);
    }

    private Task<Result<JsonText?>> AskAsync(string tags, bool idempotent = false, string? retry = null) =>
        computation.ProcessAsync(Given.Processor(tags, idempotent, retry), Given.Call(), CancellationToken.None).AsTask();
}
