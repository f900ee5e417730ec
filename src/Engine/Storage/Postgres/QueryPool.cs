using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Single queries on a small pool of connections. After a restart of PostgreSQL every pooled connection is dead and does not know it, so what may be
/// asked twice is asked once more on a new one. Safe for concurrent use.
/// </summary>
internal sealed class QueryPool(NpgsqlDataSource source)
{
    /// <summary>Runs what has the same effect done twice as once.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, SERVER_BUSY.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlCommand, Task<T>> run)
    {
        try
        {
            await using var command = source.CreateCommand();
            return await run(command);
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
            await using var command = source.CreateCommand();
            return await run(command);
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
}
