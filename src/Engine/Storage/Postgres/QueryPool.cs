using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Single queries on a small pool of connections. After a restart of PostgreSQL every pooled connection is dead and does not know it, so what may be
/// asked twice is asked once more on a new one. While the database is away nothing is asked. Safe for concurrent use.
/// </summary>
internal sealed class QueryPool(NpgsqlDataSource source, Func<DatabaseWatch?> watch)
{
    /// <summary>Runs what has the same effect done twice as once.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, SERVER_BUSY.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlCommand, Task<T>> run)
    {
        try
        {
            return await AskAsync(run);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw StoreErrors.Busy(e);
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            source.Clear();
            return await RunOnceAsync(run);
        }
    }

    /// <summary>Runs what must not be done twice; after a lost connection its outcome is unknown.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, SERVER_BUSY.</exception>
    public async Task<T> RunOnceAsync<T>(Func<NpgsqlCommand, Task<T>> run)
    {
        try
        {
            return await AskAsync(run);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw StoreErrors.Busy(e); // no connection came free, or the query took too long
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            source.Clear();
            throw StoreErrors.Unavailable(e);
        }
    }

    /// <summary>A query that the database does not answer before it counts as away is given up here; it ends by its own timeout, and nobody hears of it.</summary>
    private async Task<T> AskAsync<T>(Func<NpgsqlCommand, Task<T>> run)
    {
        if (watch() is not { } database) return await AskDatabaseAsync(run); // the store is being opened
        var away = database.Away; // first: whatever goes away after the check is noticed by it
        database.Check();
        var asked = AskDatabaseAsync(run);
        if (!asked.IsCompleted) await ((Task)asked).WaitAsync(away).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (asked.IsCompleted || !away.IsCancellationRequested) return await asked;
        _ = asked.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        throw StoreErrors.Unavailable(database.Reason ?? new TimeoutException("The database was away for a moment."));
    }

    private async Task<T> AskDatabaseAsync<T>(Func<NpgsqlCommand, Task<T>> run)
    {
        await using var command = source.CreateCommand();
        return await run(command);
    }
}
