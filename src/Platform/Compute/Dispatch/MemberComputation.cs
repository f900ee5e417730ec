using Strata.Compute.Members;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Workflows;

namespace Strata.Compute.Dispatch;

/// <summary>
/// Processors, criteria and functions by compute members; what the platform itself has inside the process goes before them. A call that was
/// lost goes to another member where it may be repeated; whatever the lost one answers later is not heard. Safe for concurrent use.
/// </summary>
public sealed class MemberComputation(MemberDirectory directory, InProcessComputation platform, ComputeLimits limits, TimeProvider time) : IComputation
{
    private const string NoRetry = "NONE";

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
        platform.Serves(tenant, processor) || directory.Serves(tenant, processor.Config.Tags);

    /// <summary>Asks, and tells whoever watches what came of it.</summary>
    private async ValueTask<Result<MemberAnswer>> AskAsync(Member member, MemberCall call, CancellationToken cancellationToken)
    {
        var tenant = call.Call.Entity.Tenant;
        if (!directory.Calls.IsWatched(tenant)) return await member.AskAsync(call, cancellationToken);
        var (at, began) = (time.GetUtcNow(), time.GetTimestamp());
        var told = CallTold.Of(at, member, call);
        try
        {
            var asked = await member.AskAsync(call, cancellationToken);
            told = asked.TryGet(out var answer, out var busy) ? told.With(answer) : told with { Failure = busy.Message };
            return asked;
        }
        catch (Exception e)
        {
            told = told with
            {
                Failure = e is MemberLostException ? "The member was lost." : call.Call.TimedOut.IsCancellationRequested ? "It did not answer in time." : "The caller left before the answer.",
            };
            throw;
        }
        finally
        {
            directory.Calls.Tell(tenant, told with { Took = time.GetElapsedTime(began) });
        }
    }

    /// <summary>Asks, and counts what came of it.</summary>
    private async ValueTask<Result<MemberAnswer>> AskAsync(
        MemberCallKind kind, string name, ComputeConfig config, ComputeCall call, CancellationToken cancellationToken)
    {
        try
        {
            var asked = await AskOneByOneAsync(kind, name, config, call, cancellationToken);
            if (asked is { IsOk: false, Error.Code: ComputeErrors.BusyCode }) directory.Counts.WasRefused();
            return asked;
        }
        catch (OperationCanceledException) when (call.TimedOut.IsCancellationRequested)
        {
            directory.Counts.RanOutOfTime();
            throw;
        }
    }

    private async ValueTask<Result<MemberAnswer>> AskOneByOneAsync(
        MemberCallKind kind, string name, ComputeConfig config, ComputeCall call, CancellationToken cancellationToken)
    {
        var triesMax = config.Idempotent && config.RetryPolicy != NoRetry ? 1 + limits.FailoversMax : 1;
        var tried = new List<Member>();
        while (true)
        {
            var taken = await directory.TakeAsync(call.Entity.Tenant, call.Project, name, config.Tags, tried, cancellationToken);
            if (!taken.TryGet(out var member, out var error)) return tried.Count == 0 ? error : ComputeErrors.Disconnected(name, tried.Count);
            tried.Add(member);
            try
            {
                var asked = new MemberCall
                {
                    RequestId = Guid.CreateVersion7(time.GetUtcNow()).ToString(), Kind = kind, Name = name, Config = config, Call = call,
                    TransactionToken = call.Join is { } join ? await join.OfferAsync() : null,
                };
                if (!(await AskAsync(member, asked, cancellationToken)).TryGet(out var answer, out error)) return error;
                return answer.Failure is { } failure ? ComputeErrors.Failed(name, failure.Message, failure.Code, failure.Retryable) : answer;
            }
            catch (MemberLostException) when (tried.Count >= triesMax)
            {
                return ComputeErrors.Disconnected(name, tried.Count);
            }
            catch (MemberLostException)
            {
                // It may be repeated: to another one.
            }
            finally
            {
                directory.Release(member);
            }
        }
    }
}
