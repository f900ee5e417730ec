using Npgsql;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Leases among all servers of a database, by the database's clock. Safe for concurrent use.</summary>
internal sealed class PostgresLeases(QueryPool pool) : ILeases
{
    private const string Insert = "insert into strata.lease as l (name, holder, held_until, epoch) values ($1, $2, clock_timestamp() + $3, nextval('strata.lease_epoch'))";

    private const string HoldSql = $"""
        {Insert}
        on conflict (name) do update set holder = excluded.holder, held_until = clock_timestamp() + $3,
            epoch = case when l.holder = excluded.holder and l.held_until > clock_timestamp() then l.epoch else excluded.epoch end
        where l.holder = excluded.holder or l.held_until <= clock_timestamp()
        returning epoch
        """;

    private const string RenewSql = """
        update strata.lease set held_until = clock_timestamp() + $3
        where name = $1 and epoch = $2 and held_until > clock_timestamp() returning epoch
        """;

    private const string TakeOverSql = $"""
        {Insert}
        on conflict (name) do update set holder = excluded.holder, held_until = clock_timestamp() + $3, epoch = excluded.epoch
        returning epoch
        """;

    private const string TryTakeOverSql = $"""
        {Insert}
        on conflict (name) do update set holder = excluded.holder, held_until = clock_timestamp() + $3, epoch = excluded.epoch
        where l.holder = $4 or l.held_until <= clock_timestamp()
        returning epoch
        """;

    public async ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        await AskAsync(HoldSql, cancellationToken, name, holder, duration) as long?;

    public async ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken) =>
        await AskAsync(RenewSql, cancellationToken, name, epoch, duration) is long;

    public async ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        (long)(await AskAsync(TakeOverSql, cancellationToken, name, holder, duration))!;

    public async ValueTask<long?> TryTakeOverAsync(
        string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken) =>
        await AskAsync(TryTakeOverSql, cancellationToken, name, holder, duration, from) as long?;

    public async ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken) =>
        await AskAsync("delete from strata.lease where name = $1 and epoch = $2", cancellationToken, name, epoch);

    public async ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken) =>
        await AskAsync("delete from strata.lease where starts_with(name, $1)", cancellationToken, prefix);

    public async ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken) =>
        await AskAsync(
            "select holder from strata.lease where name = $1 and held_until > clock_timestamp()", cancellationToken, name) as string;

    private Task<object?> AskAsync(string sql, CancellationToken cancellationToken, params object[] values) =>
        pool.RunAsync(Rows.None, command =>
    {
        command.CommandText = sql;
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command.ExecuteScalarAsync(cancellationToken);
    });
}
