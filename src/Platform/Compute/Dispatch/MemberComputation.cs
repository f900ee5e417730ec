using System.Diagnostics;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Workflows;

namespace Strata.Compute.Dispatch;

/// <summary>
/// Processors, criteria and functions by compute members; what the platform itself has inside the process goes before them. A call that was
/// lost goes to another member where it may be repeated; whatever the lost one answers later is not heard. Safe for concurrent use.
/// </summary>
public sealed class MemberComputation(
    MemberDirectory directory, PeerCalls others, InProcessComputation platform, ComputeLimits limits, TimeProvider time) : IComputation
{
    private const string NoRetry = "NONE";

    /// <summary>For the calls of other servers too.</summary>
    internal LocalCalls Local { get; } = new(directory, time);

    public async ValueTask<Result<JsonText?>> ProcessAsync(
        ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken)
    {
        if (platform.Serves(call.Entity.Tenant, processor)) return await platform.ProcessAsync(processor, call, cancellationToken);
        var asked = await AskAsync(MemberCallKind.Processor, processor.Name, processor.Config, call, cancellationToken);
        return asked.TryGet(out var answer, out var error) ? answer.Document : error;
    }

    public async ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken)
    {
        if (platform.HasCriterion(function.Name)) return await platform.MatchesAsync(function, call, cancellationToken);
        var asked = await AskAsync(MemberCallKind.Criterion, function.Name, function.Config, call, cancellationToken);
        return asked.TryGet(out var answer, out var error) ? answer.Matches : error;
    }

    public async ValueTask<Result<ScheduleTimes>> ScheduleAsync(
        FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken)
    {
        var asked = await AskAsync(MemberCallKind.Function, function.Name, function.Config, call, cancellationToken);
        return asked.TryGet(out var answer, out var error) ? ScheduleResult.Read(function.Name, answer, time.GetUtcNow()) : error;
    }

    public bool Serves(TenantId tenant, ProcessorDefinition processor) =>
        platform.Serves(tenant, processor) || directory.Serves(tenant, processor.Config.Tags)
            || others.Members.Serves(tenant, processor.Config.Tags);

    /// <summary>Asks, and counts what came of it.</summary>
    private async ValueTask<Result<MemberAnswer>> AskAsync(
        MemberCallKind kind, string name, ComputeConfig config, ComputeCall call, CancellationToken cancellationToken)
    {
        using var activity = StartActivity(kind, name, call);
        var (startedAt, outcome) = (ComputeMetrics.Now(), "error");
        try
        {
            var asked = await AskOneByOneAsync(kind, name, config, call, cancellationToken);
            outcome = asked.IsOk ? "ok" : "failed";
            if (asked is { IsOk: false, Error.Code: ComputeErrors.BusyCode })
            {
                directory.Counts.WasRefused();
                outcome = "refused";
            }
            return asked;
        }
        catch (OperationCanceledException) when (call.TimedOut.IsCancellationRequested)
        {
            directory.Counts.RanOutOfTime();
            outcome = "timed_out";
            throw;
        }
        finally
        {
            if (outcome != "ok") activity?.SetStatus(ActivityStatusCode.Error, outcome);
            ComputeMetrics.Ended(startedAt, kind, outcome);
        }
    }

    private static Activity? StartActivity(MemberCallKind kind, string name, ComputeCall call)
    {
        var activity = ComputeMetrics.Source.StartActivity("member.call", ActivityKind.Client);
        if (activity is not { IsAllDataRequested: true }) return activity;
        activity.DisplayName = "member.call " + name;
        return activity.SetTag("strata.call.kind", ComputeMetrics.Word(kind)).SetTag("strata.model", call.Entity.Model.Name)
            .SetTag("strata.entity", call.Entity.Id.Value.ToString());
    }

    private async ValueTask<Result<MemberAnswer>> AskOneByOneAsync(
        MemberCallKind kind, string name, ComputeConfig config, ComputeCall call, CancellationToken cancellationToken)
    {
        var triesMax = config.Idempotent && config.RetryPolicy != NoRetry ? 1 + limits.FailoversMax : 1;
        var (tried, passed, tries) = (new List<Member>(), new List<PeerView>(), 0);
        Error? notSent = null;
        while (true)
        {
            var picked = await PickAsync(name, config, call, tried, passed, cancellationToken);
            if (!picked.TryGet(out var pick, out var error))
                return tries == 0 ? Reason(error, notSent) : ComputeErrors.Disconnected(name, tries);
            if (pick.Member is { } taken) tried.Add(taken);
            try
            {
                tries++;
                var outcome = await AskAsync(pick, kind, name, config, call, cancellationToken);
                if (outcome.Answer is not { } asked)
                {
                    notSent = outcome.NotSent ?? notSent;
                    passed.Add(pick.Peer!); // it was not called: that does not count as a try
                    tries--;
                    continue;
                }
                if (!asked.TryGet(out var answer, out error)) return error;
                return answer.Failure is { } failure
                    ? ComputeErrors.Failed(name, failure.Message, failure.Code, failure.Retryable) : answer;
            }
            catch (MemberLostException) when (tries >= triesMax)
            {
                return ComputeErrors.Disconnected(name, tries);
            }
            catch (MemberLostException)
            {
                // It may be repeated: to another one.
            }
            finally
            {
                if (pick.Member is { } member) directory.Release(member);
            }
        }
    }

    /// <summary>Members of a server that does not take calls at the moment are there: it is not for the user to connect some.</summary>
    private static Error Reason(Error error, Error? notSent) => error.Code == ComputationErrors.NoMemberCode ? notSent ?? error : error;

    /// <summary>
    /// A member of this server that has room; else another server whose members have; else whichever serves the call, where it then waits
    /// for its turn. Without other servers there is only the directory to ask.
    /// </summary>
    private async ValueTask<Result<Pick>> PickAsync(
        string name, ComputeConfig config, ComputeCall call, List<Member> tried, List<PeerView> passed, CancellationToken cancellationToken)
    {
        var (tenant, tags, peers) = (call.Entity.Tenant, config.Tags, others.Members);
        if (!peers.IsEmpty)
        {
            if (directory.TryTake(tenant, call.Project, tags, tried) is { } free) return new Pick(free, null);
            if (peers.Choose(tenant, call.Project, tags, passed, withRoom: true) is { } peer) return new Pick(null, peer);
        }
        if ((await directory.TakeAsync(tenant, call.Project, name, tags, tried, cancellationToken)).TryGet(out var member, out var error))
            return new Pick(member, null);
        if (error.Code == ComputationErrors.NoMemberCode && peers.Choose(tenant, call.Project, tags, passed, withRoom: false) is { } busy)
            return new Pick(null, busy);
        return error;
    }

    private async ValueTask<PeerOutcome> AskAsync(
        Pick pick, MemberCallKind kind, string name, ComputeConfig config, ComputeCall call, CancellationToken cancellationToken)
    {
        var asked = new MemberCall
        {
            RequestId = Guid.CreateVersion7(time.GetUtcNow()).ToString(), Kind = kind, Name = name, Config = config, Call = call,
            TraceParent = Activity.Current is { Recorded: true } current ? current.Id : null,
            TransactionToken = call.Join is { } join ? await join.OfferAsync() : null,
        };
        return pick.Member is { } member
            ? new PeerOutcome(await Local.AskAsync(member, asked, cancellationToken), null)
            : await others.AskAsync(pick.Peer!, asked, cancellationToken);
    }

    /// <summary>One of the two.</summary>
    private readonly record struct Pick(Member? Member, PeerView? Peer);
}
