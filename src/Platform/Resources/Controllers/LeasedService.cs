using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.Resources.Controllers;

/// <summary>
/// Work that one server of the cloud does at a time: the holder of the lease <c>controller/NAME</c>, in terms. A term ends with the lease,
/// or with an exception, and then a server begins the next; so a term must be able to begin anywhere.
/// </summary>
public abstract class LeasedService(string name, ILeases leases, TimeProvider time, Supervisor supervisor)
    : SupervisedService(supervisor, name)
{
    protected sealed override Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken) =>
        new LeaseTerms("controller/" + Name, leases, time)
            .RunAsync(work, (fence, term) => RunTermAsync(work, fence, term), work.Succeeded, () => { }, stoppingToken);

    /// <param name="work">To report success, once a round went well.</param>
    /// <param name="fence">For everything that is written in this term.</param>
    /// <param name="term">Cancelled when the lease is lost or the server stops; nothing may be going on when this returns.</param>
    protected abstract Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term);
}
