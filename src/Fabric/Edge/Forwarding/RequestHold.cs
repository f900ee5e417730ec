using Strata.Edge.Routing;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Requests that wait because no instance takes them although one is on its way, as after a start of the cloud: most are answered a moment
/// later, which is better than an error. Bounded, in all and for each organization; beyond that a request is refused as if nothing were on
/// its way. Thread-safe.
/// </summary>
/// <param name="table">The present one.</param>
internal sealed class RequestHold(Func<EdgeTable> table, EdgeLimits limits, TimeProvider time)
{
    /// <summary>An instance that could not be reached is tried again no sooner, whatever happens to the table.</summary>
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(50);

    /// <summary>And no later: it may have come back at the same address.</summary>
    private static readonly TimeSpan RetryMax = TimeSpan.FromMilliseconds(500);

    private readonly KeyedRoom room = new(limits.HeldRequestsMax, limits.HeldRequestsPerOrganizationMax);
    private TaskCompletionSource change = Signal();
    private volatile bool isStopping;

    /// <summary>How many wait.</summary>
    public int Held => room.Count;

    /// <summary>Has all that wait look again.</summary>
    public void TableChanged() => Interlocked.Exchange(ref change, Signal()).TrySetResult();

    /// <summary>The edge stops: what waits is refused, so that it does not keep the edge from ending.</summary>
    public void Stop()
    {
        isStopping = true;
        TableChanged();
    }

    /// <summary>Waits until the request's route has an instance to try, for as long in all as the route allows.</summary>
    /// <param name="isUnreachable">There is one, but it could not be reached: it is tried again after a moment.</param>
    /// <returns>Null: nothing is on its way, it took too long, too many wait, or the client left.</returns>
    public async Task<RouteTarget?> NextTargetAsync(Exchange x, bool isUnreachable)
    {
        var org = x.Route!.Record.Org;
        if (x.Limits.HoldTimeout <= TimeSpan.Zero || !room.TryEnter(org)) return null;
        try
        {
            x.HeldSince ??= time.GetTimestamp();
            if (isUnreachable)
            {
                var next = Changed;
                await PauseAsync(x, Task.Delay(RetryMin, time), RetryMin);
                await PauseAsync(x, next, RetryMax);
                if (IsOver(x)) return null;
            }
            while (true)
            {
                var next = Changed; // before the look at the table, so that no change in between is missed
                if (x.FindRoutes(table())?.Match(x.Request.Path) is not { } route || !IsSame(route, x.Route!)) return null;
                x.Route = route;
                if (route.Choose() is { } target) return target;
                if (!route.IsStarting || IsOver(x)) return null;
                await PauseAsync(x, next, RetryMax);
            }
        }
        finally
        {
            room.Leave(org);
        }
    }

    private Task Changed => Volatile.Read(ref change).Task;

    /// <summary>The request was admitted, and its head written, by the rules of its route.</summary>
    private static bool IsSame(RouteEntry now, RouteEntry then) =>
        now.Record with { Targets = then.Record.Targets, Message = then.Record.Message, AllowFrom = null, Headers = null }
            == then.Record with { AllowFrom = null, Headers = null }
        && (now.Record.AllowFrom ?? []).SequenceEqual(then.Record.AllowFrom ?? []);

    private bool IsOver(Exchange x) =>
        isStopping || x.Lifetime.RequestAborted.IsCancellationRequested || time.GetElapsedTime(x.HeldSince!.Value) >= x.Limits.HoldTimeout;

    /// <summary>Until the task ends, the time is over, the request's time is over or the client leaves.</summary>
    private async Task PauseAsync(Exchange x, Task until, TimeSpan longest)
    {
        var left = x.Limits.HoldTimeout - time.GetElapsedTime(x.HeldSince!.Value);
        var pause = left < TimeSpan.Zero ? TimeSpan.Zero : left < longest ? left : longest;
        await until.WaitAsync(pause, time, x.Lifetime.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
