using Npgsql;
using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// Single queries on a small pool of connections. After a restart of PostgreSQL every pooled connection is dead and does not know it, so
/// what may be asked twice is asked once more on a new one. While the database is away nothing is asked. Safe for concurrent use.
/// </summary>
/// <param name="build">Makes a pool without connections.</param>
internal sealed class QueryPool(Func<NpgsqlDataSource> build, Func<DatabaseWatch?> watch) : IAsyncDisposable
{
    private NpgsqlDataSource source = build();

    /// <summary>For what needs a connection of its own for a while.</summary>
    public NpgsqlDataSource Source => Volatile.Read(ref source);

    /// <summary>
    /// Replaces the pool by an empty one. For when the database has gone away: queries that hang on dead connections hold their places in
    /// the old pool, and the new one has all of its places when the database is back. Connections of the old pool are closed as its queries
    /// end, which their timeouts bound; what waits for one of its places is no longer sent.
    /// </summary>
    public void Renew()
    {
        var old = Interlocked.Exchange(ref source, build());
        _ = Task.Run(async () => await old.DisposeAsync());
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    /// <summary>Runs what has the same effect done twice as once.</summary>
    /// <param name="rows">Whose rows the statement may see and write.</param>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, SERVER_BUSY.</exception>
    public async Task<T> RunAsync<T>(Rows rows, Func<Query, Task<T>> run)
    {
        try
        {
            return await AskAsync(rows, run);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw StoreErrors.Busy(e);
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            Source.Clear();
            return await RunOnceAsync(rows, run);
        }
    }

    /// <summary>Runs what must not be done twice; after a lost connection its outcome is unknown.</summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE, SERVER_BUSY.</exception>
    public async Task<T> RunOnceAsync<T>(Rows rows, Func<Query, Task<T>> run)
    {
        try
        {
            return await AskAsync(rows, run);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw StoreErrors.Busy(e); // no connection came free, or the query took too long
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            Source.Clear();
            throw StoreErrors.Unavailable(e);
        }
    }

    /// <summary>
    /// A query that the database does not answer before it counts as away is abandoned: its caller gets an error, and the query is
    /// cancelled. It cannot rely on its caller's token, which may be disposed by then, so each query must have a timeout of its own.
    /// </summary>
    private async Task<T> AskAsync<T>(Rows rows, Func<Query, Task<T>> run)
    {
        if (watch() is not { } database)
        {
            await using var single = await Source.OpenConnectionAsync(); // the store is being opened
            await using var alone = new Query(single, rows);
            return await run(alone);
        }
        var away = database.Away; // first: whatever goes away after the check is noticed by it
        database.Check();
        Query? sent = null;
        var asked = SendAsync();
        if (!asked.IsCompleted) await ((Task)asked).WaitAsync(away).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (asked.IsCompleted || !away.IsCancellationRequested) return await asked;
        Abandoned.Forget(asked);
        if (Volatile.Read(ref sent) is { } abandoned) _ = Abandoned.Cancel(abandoned.Cancel);
        throw WentAway(database);

        async Task<T> SendAsync()
        {
            try
            {
                // nothing is sent once its caller got the error that the database is unreachable
                await using var connection = await Source.OpenConnectionAsync(away);
                await using var query = new Query(connection, rows);
                Volatile.Write(ref sent, query);
                away.ThrowIfCancellationRequested();
                return await run(query);
            }
            catch (OperationCanceledException) when (away.IsCancellationRequested)
            {
                throw WentAway(database);
            }
        }
    }

    private static StrataException WentAway(DatabaseWatch database) =>
        StoreErrors.Unavailable(database.Reason ?? new TimeoutException("The database was away for a moment."));
}
