using Npgsql;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Leases among all servers of a database, by the database's clock. Safe for concurrent use.</summary>
internal sealed class PostgresLeases(QueryPool pool) : ILeases
{
    private const string HoldSql = """
        insert into strata.lease (name, holder, held_until) values ($1, $2, clock_timestamp() + $3)
        on conflict (name) do update set holder = excluded.holder, held_until = clock_timestamp() + $3
        where lease.holder = excluded.holder or lease.held_until <= clock_timestamp()
        returning true
        """;

    public async ValueTask<bool> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        await AskAsync(HoldSql, cancellationToken, name, holder, duration) is true;

    public async ValueTask ReleaseAsync(string name, string holder, CancellationToken cancellationToken) =>
        await AskAsync("delete from strata.lease where name = $1 and holder = $2", cancellationToken, name, holder);

    public async ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken) =>
        await AskAsync("delete from strata.lease where starts_with(name, $1)", cancellationToken, prefix);

    public async ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken) =>
        await AskAsync("select holder from strata.lease where name = $1 and held_until > clock_timestamp()", cancellationToken, name) as string;

    private Task<object?> AskAsync(string sql, CancellationToken cancellationToken, params object[] values) => pool.RunAsync(command =>
    {
        command.CommandText = sql;
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command.ExecuteScalarAsync(cancellationToken);
    });
}
