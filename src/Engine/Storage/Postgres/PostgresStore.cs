using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// A store on PostgreSQL, on connections that it owns. Safe for concurrent use. Disposing it lets the commits that
/// wait come to their outcome first.
/// </summary>
public sealed class PostgresStore : IStorage, IAsyncDisposable
{
    private readonly Connections connections;
    private readonly PostgresLog log;
    private readonly LineNotices notices;

    private PostgresStore(
        Connections connections, PostgresOptions options, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers)
    {
        this.connections = connections;
        connections.StartWatch(options, supervisor, time);
        var appended = new Notifier<LinesAppended>(loggers.CreateLogger<PostgresLines>());
        log = new PostgresLog(connections, options, appended, supervisor, time, loggers.CreateLogger<PostgresLog>());
        Leases = new PostgresLeases(connections.Queries);
        notices = new LineNotices(connections.Queries, supervisor, time);
        Lines = new PostgresLines(connections.Queries, notices, appended);
        Messages = new PostgresMessages(connections.Queries);
        var indexes = new PostgresSearchIndexes(connections, time);
        SearchIndexes = indexes;
        Search = new PostgresSearch(connections.Searches, indexes, time);
        DurableValues = new PostgresValues(connections.Queries);
        Transfers = new PostgresTransfers(connections, time);
        Retention = new PostgresRetention(connections.Queries);
        SearchJobs = new PostgresSearchJobs(connections.Queries, connections.Searches, connections.Watch!, indexes);
    }

    public IEntityLog Log => log;

    public ILeases Leases { get; }

    public ILines Lines { get; }

    public IMessages Messages { get; }

    public IEntitySearch Search { get; }

    public IDurableValues DurableValues { get; }

    public ISearchJobs SearchJobs { get; }

    public ITransfers Transfers { get; }

    public IRetention Retention { get; }

    public ISearchIndexes SearchIndexes { get; }

    /// <summary>Connects and brings the schema up to date; several servers may do so at once.</summary>
    /// <exception cref="StrataException">DATABASE_… where it cannot be used as it is, each says how to fix it; SCHEMA_NEWER when a newer
    /// program wrote it.</exception>
    public static Task<PostgresStore> OpenAsync(
        PostgresOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        OpenAsync(options, new Supervisor(time, loggers.CreateLogger<Supervisor>()), time, loggers, cancellationToken);

    /// <inheritdoc cref="OpenAsync(PostgresOptions, TimeProvider, ILoggerFactory, CancellationToken)"/>
    /// <param name="supervisor">Runs and reports the store's background work.</param>
    public static async Task<PostgresStore> OpenAsync(
        PostgresOptions options, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var connections = new Connections(options);
        try
        {
            await Schema.ApplyAsync(connections, cancellationToken);
            return new PostgresStore(connections, options, supervisor, time, loggers);
        }
        catch (Exception e)
        {
            await connections.DisposeAsync();
            if (e is OperationCanceledException) throw;
            if (OpenErrors.Of(e, options.ConnectionString) is { } known) throw new StrataException(known, e);
            if (StoreErrors.IsConnectionLost(e)) throw StoreErrors.Unavailable(e);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        await notices.DisposeAsync();
        await connections.DisposeAsync();
    }
}
