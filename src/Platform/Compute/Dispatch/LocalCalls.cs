using Strata.Compute.Members;
using Strata.Core;

namespace Strata.Compute.Dispatch;

/// <summary>Calls to the members of this server. Safe for concurrent use.</summary>
internal sealed class LocalCalls(MemberDirectory directory, TimeProvider time)
{
    /// <summary>
    /// For another server: asks one member. COMPUTE_MEMBER_DISCONNECTED where it was lost; whether another is asked is decided there.
    /// </summary>
    public async Task<Result<MemberAnswer>> TakeAndAskAsync(MemberCall call, CancellationToken cancellationToken)
    {
        var taken = await directory.TakeAsync(call.Call.Entity.Tenant, call.Call.Project, call.Name, call.Config.Tags, [],
            cancellationToken);
        if (!taken.TryGet(out var member, out var error)) return error;
        try
        {
            return await AskAsync(member, call, cancellationToken);
        }
        catch (MemberLostException)
        {
            return ComputeErrors.Disconnected(call.Name, 1);
        }
        finally
        {
            directory.Release(member);
        }
    }

    /// <summary>Asks, and reports the outcome to the watchers.</summary>
    public async ValueTask<Result<MemberAnswer>> AskAsync(Member member, MemberCall call, CancellationToken cancellationToken)
    {
        var tenant = call.Call.Entity.Tenant;
        if (!directory.Calls.IsWatched(tenant)) return await member.AskAsync(call, cancellationToken);
        var (at, began) = (time.GetUtcNow(), time.GetTimestamp());
        var finished = FinishedCall.Of(at, member, call);
        try
        {
            var asked = await member.AskAsync(call, cancellationToken);
            finished = asked.TryGet(out var answer, out var busy) ? finished.With(answer) : finished with { Failure = busy.Message };
            return asked;
        }
        catch (Exception e)
        {
            finished = finished with
            {
                Failure = e is MemberLostException ? "The member was lost."
                    : call.Call.TimedOut.IsCancellationRequested ? "It did not answer in time." : "The caller left before the answer.",
            };
            throw;
        }
        finally
        {
            directory.Calls.Report(tenant, finished with { Took = time.GetElapsedTime(began) });
        }
    }
}
