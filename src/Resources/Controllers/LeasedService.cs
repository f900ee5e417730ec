using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Resources.Controllers;

/// <summary>
/// Work that one server of the cloud does at a time: whoever holds the lease <c>controller/NAME</c>, in terms. A term ends with the lease, or with an exception, and then somebody begins
/// the next; so a term must be able to begin anywhere.
/// </summary>
public abstract partial class LeasedService(string name, ILeases leases, TimeProvider time, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);

    private readonly string holder = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var lease = await HeldLease.TryTakeAsync(leases, "controller/" + name, holder, LeaseTime, time, stoppingToken);
                if (lease is not null) await RunTermAsync(lease, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                TermEnded(logger, name, e);
            }
            await Task.Delay(TryInterval, time, stoppingToken);
        }
    }

    /// <param name="cancellationToken">The service stops.</param>
    private async Task RunTermAsync(HeldLease lease, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        await RunTermAsync(term.Token);
    }

    /// <param name="term">Cancelled when the lease is lost or the server stops; nothing may be going on when this returns.</param>
    protected abstract Task RunTermAsync(CancellationToken term);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service} does not work here for now")]
    private static partial void TermEnded(ILogger logger, string service, Exception exception);
}
