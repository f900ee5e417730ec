using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>Work that one server of the cloud does at a time: the one that holds a lease, in terms.</summary>
/// <param name="name">Of the lease, for example <c>controller/NAME</c>.</param>
public sealed class LeaseTerms(string name, ILeases leases, TimeProvider time)
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Runs term after term until it is cancelled. A term ends with the lease, with an exception, which is reported, or by itself; then
    /// this server or another begins the next.
    /// </summary>
    /// <param name="term">Cancelled when the lease is lost or the server stops; the lease is given up only after it has ended.</param>
    /// <param name="isOthers">Called each time another server holds the lease.</param>
    /// <param name="isLost">Called when a term ended because the lease was lost.</param>
    public async Task RunAsync(
        SupervisedWork work, Func<Fence, CancellationToken, Task> term, Action isOthers, Action isLost, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await using var lease = await HeldLease.TryTakeAsync(
                    leases, name, HeldLease.NewHolder(time), LeaseTime, time, cancellationToken);
                if (lease is null) isOthers();
                else await RunTermAsync(lease, term, isLost, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                work.Failed(e);
            }
            await Task.Delay(TryInterval, time, cancellationToken);
        }
    }

    private static async Task RunTermAsync(
        HeldLease lease, Func<Fence, CancellationToken, Task> term, Action isLost, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            await term(lease.Fence, either.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            isLost(); // which is no failure of the work: another server continues
        }
    }
}
