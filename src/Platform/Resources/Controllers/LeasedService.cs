using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.Resources.Controllers;

/// <summary>
/// Work that one server of the cloud does at a time: whoever holds the lease <c>controller/NAME</c>, in terms. A term ends with the lease, or with an exception, and then somebody begins
/// the next; so a term must be able to begin anywhere.
/// </summary>
public abstract class LeasedService(string name, ILeases leases, TimeProvider time, Supervisor supervisor) : SupervisedService(supervisor, name)
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);

    protected sealed override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var lease = await HeldLease.TryTakeAsync(leases, "controller/" + Name, HeldLease.NewHolder(time), LeaseTime, time, stoppingToken);
                if (lease is null) work.Succeeded(); // another server does the work
                else await RunTermAsync(work, lease, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e);
            }
            await Task.Delay(TryInterval, time, stoppingToken);
        }
    }

    /// <param name="cancellationToken">The service stops.</param>
    private async Task RunTermAsync(SupervisedWork work, HeldLease lease, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            await RunTermAsync(work, lease.Fence, term.Token);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Lost, which is no failure of the work: somebody else goes on.
        }
    }

    /// <param name="work">To report success, once a round went well.</param>
    /// <param name="fence">For everything that is written in this term.</param>
    /// <param name="term">Cancelled when the lease is lost or the server stops; nothing may be going on when this returns.</param>
    protected abstract Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term);
}
