using Microsoft.Extensions.Logging;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Server.Options;
using Strata.Storage.Postgres;

namespace Strata.Server.Parts;

/// <summary>The log, the leases and the lines on the database.</summary>
internal sealed class StoragePart(DatabasePart database, ServerLimits limits, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private PostgresStore? store;

    public string Name => "storage";

    /// <summary>Set once it has started.</summary>
    public PostgresStore Store => store ?? throw new InvalidOperationException("The storage has not started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = new PostgresOptions { ConnectionString = database.ConnectionString, RevisionCacheBytesMax = limits.RevisionCacheBytesMax };
        store = await PostgresStore.OpenAsync(options, time, loggers, cancellationToken);
        if (database.IsPrivate) await ReleaseFormerLifeAsync(store.Leases, cancellationToken);
    }

    /// <summary>After a kill -9 the controllers go on at once instead of waiting for the dead server's leases to lapse. A node's lease is its agent's, and stays.</summary>
    private static async Task ReleaseFormerLifeAsync(ILeases leases, CancellationToken cancellationToken)
    {
        await leases.ReleaseAllAsync("controller/", cancellationToken);
        await leases.ReleaseAllAsync(ScheduleRunner.LeaseName, cancellationToken);
        await leases.ReleaseAllAsync("tunnel/", cancellationToken);
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => store?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    public PartHealth Health() => new(store is not null, store is null ? "is not open" : "the log is open");
}
