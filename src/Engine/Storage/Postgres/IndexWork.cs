using Npgsql;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Builds and drops declared indexes, one at a time, each concurrently with writes. An interrupted build leaves an index that PostgreSQL
/// marks as invalid; it is dropped and built again. One session at a time: an advisory lock of the session that does the work keeps a
/// server that stalls, and whose lease has passed to another, from dropping what the other one has built.
/// </summary>
internal sealed class IndexWork(Connections connections)
{
    /// <summary>"STRATA", 2.</summary>
    internal const long LockKey = 0x5354524154410002;

    private const int UnlockSeconds = 10;

    // Tried, not awaited: a statement that waits holds a snapshot, and concurrent builds wait for those.
    private static readonly string LockSql = FormattableString.Invariant($"select pg_try_advisory_lock({LockKey})");

    private static readonly string UnlockSql = FormattableString.Invariant($"select pg_advisory_unlock({LockKey})");

    // The lock of a machine that vanished is free after a minute, not after the two hours that are common.
    private const string KeepAliveSql = "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3";

    private const string AbandonSql = """
        update strata.search_index i set state = 'DROPPING' where state <> 'DROPPING'
        and not exists (select from strata.head h where h.tenant = i.tenant and h.entity = i.model_id and not h.deleted)
        """;

    private const string NextSql = """
        select tenant, model, version, path, name, state from strata.search_index
        where state in ('PENDING', 'BUILDING', 'DROPPING') order by changed_at limit 1
        """;

    /// <returns>Whether something was done; also false if another session is doing the work.</returns>
    public Task<bool> DoOneAsync(CancellationToken cancellationToken) =>
        connections.Watch!.WhileThereAsync(DoOneOnConnectionAsync, cancellationToken);

    private async Task<bool> DoOneOnConnectionAsync(CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenOwnerAsync(cancellationToken);
        await RunAsync(connection, KeepAliveSql, cancellationToken);
        if (!await TryLockAsync(connection, cancellationToken)) return false;
        var done = await DoOneAsync(connection, cancellationToken);
        await TryUnlockAsync(connection);
        return done;
    }

    /// <summary>Where it fails, or the work has, the end of the session frees the lock.</summary>
    private static async Task TryUnlockAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand(UnlockSql, connection) { CommandTimeout = UnlockSeconds };
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            // the host has vanished
        }
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockSql, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task<bool> DoOneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await RunAsync(connection, AbandonSql, cancellationToken);
        if (await NextAsync(connection, cancellationToken) is not { } next) return false;
        if (next.State == SearchIndexState.Dropping) await DropAsync(connection, next, cancellationToken);
        else await BuildAsync(connection, next, cancellationToken);
        return true;
    }

    private static async Task<Index?> NextAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(NextSql, connection);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new Index(row.GetGuid(0), row.GetString(1), row.GetInt32(2), JsonPath.Parse(row.GetString(3)), row.GetString(4),
                Enum.Parse<SearchIndexState>(row.GetString(5), ignoreCase: true))
            : null;
    }

    private static async Task DropAsync(NpgsqlConnection connection, Index index, CancellationToken cancellationToken)
    {
        await RunAsync(connection, $"drop index concurrently if exists strata.{index.Name}", cancellationToken);
        await RunAsync(
            connection, $"delete from strata.search_index where name = '{index.Name}' and state = 'DROPPING'", cancellationToken);
    }

    private static async Task BuildAsync(NpgsqlConnection connection, Index index, CancellationToken cancellationToken)
    {
        await SetAsync(connection, index, SearchIndexState.Building, null, cancellationToken);
        try
        {
            await RunAsync(connection, $"drop index concurrently if exists strata.{index.Name}", cancellationToken);
            await RunAsync(connection, Definition(index), cancellationToken);
            await RunAsync(connection, "analyze strata.head", cancellationToken); // or the planner knows nothing of the values
            await SetAsync(connection, index, SearchIndexState.Ready, null, cancellationToken);
        }
        catch (PostgresException e) when (!StoreErrors.IsConnectionLost(e))
        {
            await SetAsync(connection, index, SearchIndexState.Failed, e.MessageText, CancellationToken.None);
        }
    }

    private static string Definition(Index index) => FormattableString.Invariant($"""
        create index concurrently {index.Name} on strata.head ({IndexSql.Expression(index.Path)}, entity)
        where tenant = '{index.Tenant}' and model = {IndexSql.Literal(index.Model)} and version = {index.Version} and not deleted
        """);

    /// <summary>Indexes undeclared in the meantime stay undeclared.</summary>
    private static async Task SetAsync(
        NpgsqlConnection connection, Index index, SearchIndexState state, string? message, CancellationToken cancellationToken)
    {
        const string Sql = "update strata.search_index set state = $2, message = $3, changed_at = clock_timestamp() where name = $1 and state in ('PENDING', 'BUILDING')";
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = index.Name }, new() { Value = state.ToString().ToUpperInvariant() },
                new() { Value = message ?? (object)DBNull.Value } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <param name="Name">Made of hexadecimal digits, so that it needs no quotes.</param>
    private sealed record Index(Guid Tenant, string Model, int Version, JsonPath Path, string Name, SearchIndexState State);
}
