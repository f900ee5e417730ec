using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Server.Options;
using Strata.Storage.Postgres;

namespace Strata.Server.Parts;

/// <summary>The log, the leases and the lines on the database.</summary>
internal sealed class StoragePart(
    DatabasePart database, ServerLimits limits, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(5);

    private PostgresStore? store;
    private SupervisedWork? probe;

    public string Name => "storage";

    /// <summary>Set once it has started.</summary>
    public PostgresStore Store => store ?? throw new InvalidOperationException("The storage has not started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = new PostgresOptions { ConnectionString = database.ConnectionString,
            RevisionCacheBytesMax = limits.RevisionCacheBytesMax };
        store = await PostgresStore.OpenAsync(options, supervisor, time, loggers, cancellationToken);
        if (database.IsPrivate) await ReleaseFormerLifeAsync(store.Leases, cancellationToken);
        probe = supervisor.Start("storage-probe", ProbeAsync);
    }

    /// <summary>
    /// After a kill -9 the controllers continue at once instead of waiting for the dead server's leases to lapse. A node's lease is its
    /// agent's, and stays.
    /// </summary>
    private static async Task ReleaseFormerLifeAsync(ILeases leases, CancellationToken cancellationToken)
    {
        await leases.ReleaseAllAsync("controller/", cancellationToken);
        await leases.ReleaseAllAsync(ScheduleRunner.LeaseName, cancellationToken);
        await leases.ReleaseAllAsync("tunnel/", cancellationToken);
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (probe is not null) await probe.StopAsync(cancellationToken);
        if (store is not null) await store.DisposeAsync();
    }

    public PartHealth Health() => probe?.Health switch
    {
        null => new PartHealth(false, "is not open"),
        { State: WorkState.Running } => new PartHealth(true, "the log is open, the database answers"),
        { LastError: var error } => new PartHealth(false, $"the database does not answer, calls are refused with 503 meanwhile: {error}"),
    };

    /// <summary>Asks the database something small, so that its health is known without waiting for a user's call to fail.</summary>
    private async Task ProbeAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(AskEvery, time, cancellationToken))
        {
            try
            {
                await Store.Leases.HolderAsync("probe", cancellationToken).AsTask().WaitAsync(AnswersWithin, time, cancellationToken);
                database.Unanswered = null;
                work.Succeeded();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                database.Unanswered = e.Message;
                work.Failed(e); // checked again soon: recovery should show at once
            }
        }
    }
}
