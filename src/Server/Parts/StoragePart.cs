using Microsoft.Extensions.Logging;
using Strata.Storage.Postgres;

namespace Strata.Server.Parts;

/// <summary>The log, the leases and the lines on the database.</summary>
internal sealed class StoragePart(DatabasePart database, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private PostgresStore? store;

    public string Name => "storage";

    /// <summary>Set once it has started.</summary>
    public PostgresStore Store => store ?? throw new InvalidOperationException("The storage has not started.");

    public async Task StartAsync(CancellationToken cancellationToken) =>
        store = await PostgresStore.OpenAsync(new PostgresOptions { ConnectionString = database.ConnectionString }, time, loggers, cancellationToken);

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => store?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    public PartHealth Health() => new(store is not null, store is null ? "is not open" : "the log is open");
}
