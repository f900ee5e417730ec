using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// One term of a lease, renewed in the background. <see cref="Lost"/> is cancelled when the lease could pass to someone else soon, by this
/// process's monotonic clock and whatever the store does meanwhile: a call that hangs, fails or is answered late renews nothing. What the
/// lease guards must stop then, and its writes carry <see cref="Fence"/>, so that one which is too slow to stop is refused. Disposing gives
/// the lease up at once.
/// </summary>
/// <remarks>
/// A renewal counts from the moment before it was sent, which is never later than by the store's own clock. The margin covers clocks that
/// run at different rates.
/// </remarks>
public sealed class HeldLease : IAsyncDisposable
{
    private const int RenewalsPerTerm = 4;
    private const int MarginShare = 5;

    private readonly ILeases leases;
    private readonly TimeSpan duration;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource done = new();
    private readonly ITimer deadline;
    private readonly Task renewal;

    private HeldLease(ILeases leases, Fence fence, TimeSpan duration, TimeProvider time, long heldSince)
    {
        (this.leases, Fence, this.duration, this.time) = (leases, fence, duration, time);
        Lost = lost.Token;
        deadline = time.CreateTimer(_ => lost.Cancel(), null, Left(heldSince), Timeout.InfiniteTimeSpan);
        renewal = RenewAsync();
    }

    public CancellationToken Lost { get; }

    /// <summary>For every commit that is made under the lease.</summary>
    public Fence Fence { get; }

    /// <summary>A name for one term, unlike that of any other, so that no two terms have the same epoch.</summary>
    public static string NewHolder(TimeProvider time) =>
        $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.CreateVersion7(time.GetUtcNow()):n}";

    /// <param name="holder">Mostly <see cref="NewHolder"/>; a holder that holds the lease already gets its present term again.</param>
    /// <returns>Null where someone else holds it.</returns>
    public static async ValueTask<HeldLease?> TryTakeAsync(
        ILeases leases, string name, string holder, TimeSpan duration, TimeProvider time, CancellationToken cancellationToken)
    {
        var askedAt = time.GetTimestamp();
        if (await leases.TryHoldAsync(name, holder, duration, cancellationToken) is not { } epoch) return null;
        EngineMetrics.LeaseChanged(name, "taken");
        return new HeldLease(leases, new Fence(name, epoch), duration, time, askedAt);
    }

    /// <summary>Takes it from this holder; that term is over. For one who is known to replace it.</summary>
    /// <returns>Null where someone else holds it by now.</returns>
    public static async ValueTask<HeldLease?> TryTakeOverAsync(
        ILeases leases, string name, string holder, string from, TimeSpan duration, TimeProvider time, CancellationToken cancellationToken)
    {
        var askedAt = time.GetTimestamp();
        if (await leases.TryTakeOverAsync(name, holder, from, duration, cancellationToken) is not { } epoch) return null;
        EngineMetrics.LeaseChanged(name, "taken_over");
        return new HeldLease(leases, new Fence(name, epoch), duration, time, askedAt);
    }

    public async ValueTask DisposeAsync()
    {
        await done.CancelAsync();
        await renewal;
        await deadline.DisposeAsync();
        EngineMetrics.LeaseChanged(Fence.Lease, lost.IsCancellationRequested ? "lost" : "released");
        await ReleaseAsync();
        lost.Dispose();
        done.Dispose();
    }

    private async ValueTask ReleaseAsync()
    {
        using var enough = new CancellationTokenSource(duration, time); // by then it has ended by itself
        try
        {
            // A renewal that is still on its way finds its term over and does nothing.
            await leases.ReleaseAsync(Fence.Lease, Fence.Epoch, enough.Token).AsTask().WaitAsync(enough.Token);
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException)
        {
            // The store is away: the lease ends by itself when its time is over.
        }
    }

    private async Task RenewAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(done.Token, lost.Token);
        var interval = duration / RenewalsPerTerm;
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, either.Token);
                var askedAt = time.GetTimestamp();
                if (await TryRenewAsync(either.Token) is not { } isHeld) continue; // asked again as long as there is time
                if (!isHeld || !deadline.Change(Left(askedAt), Timeout.InfiniteTimeSpan))
                {
                    await lost.CancelAsync();
                    return;
                }
            }
        }
        catch (Exception) when (either.IsCancellationRequested)
        {
            // disposed, or lost
        }
    }

    /// <returns>Null where the store could not be asked.</returns>
    private async ValueTask<bool?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await leases.RenewAsync(Fence.Lease, Fence.Epoch, duration, cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private TimeSpan Left(long heldSince)
    {
        var left = duration - (duration / MarginShare) - time.GetElapsedTime(heldSince);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
