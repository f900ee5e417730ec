using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// A lease that is renewed in the background for as long as it is held. When it cannot be renewed in time, <see cref="Lost"/> is cancelled and
/// what it guards must stop; disposing gives it up at once.
/// </summary>
public sealed class HeldLease : IAsyncDisposable
{
    private readonly ILeases leases;
    private readonly string name;
    private readonly string holder;
    private readonly TimeSpan duration;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource done = new();
    private readonly Task renewal;

    private HeldLease(ILeases leases, string name, string holder, TimeSpan duration, TimeProvider time)
    {
        (this.leases, this.name, this.holder, this.duration, this.time) = (leases, name, holder, duration, time);
        Lost = lost.Token;
        renewal = RenewAsync(done.Token);
    }

    public CancellationToken Lost { get; }

    /// <returns>Null where someone else holds it.</returns>
    public static async ValueTask<HeldLease?> TryTakeAsync(
        ILeases leases, string name, string holder, TimeSpan duration, TimeProvider time, CancellationToken cancellationToken) =>
        await leases.TryHoldAsync(name, holder, duration, cancellationToken) ? new HeldLease(leases, name, holder, duration, time) : null;

    public async ValueTask DisposeAsync()
    {
        await done.CancelAsync();
        await renewal;
        await ReleaseAsync();
        lost.Dispose();
        done.Dispose();
    }

    private async ValueTask ReleaseAsync()
    {
        try
        {
            await leases.ReleaseAsync(name, holder, CancellationToken.None);
        }
        catch (StrataException)
        {
            // The store is away: the lease ends by itself when its time is over.
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var heldSince = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(duration / 3, time, cancellationToken);
                var askedAt = time.GetTimestamp();
                if (await TryRenewAsync(cancellationToken) is not { } isHeld) isHeld = time.GetElapsedTime(heldSince) < duration * 2 / 3;
                else if (isHeld) heldSince = askedAt;
                if (isHeld) continue;
                await lost.CancelAsync();
                return;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // disposed
        }
    }

    /// <returns>Null where the store could not be asked.</returns>
    private async ValueTask<bool?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await leases.TryHoldAsync(name, holder, duration, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return null;
        }
    }
}
