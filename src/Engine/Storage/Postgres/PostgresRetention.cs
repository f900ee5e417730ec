using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Retention on the tables of the log, a bounded number of entities and rows per statement, by their primary keys. Safe for concurrent use.
/// </summary>
internal sealed class PostgresRetention(QueryPool pool) : IRetention
{
    // The heads are taken by two indexes, one of which holds those that live. Rows of the log are never changed and appends only add newer
    // ones, so nothing can come in between.
    private static readonly string Found = $"""
        with entities as materialized (
            select entity from (
                (select entity from strata.head where tenant = $1 and model = $2 and version = $3 and entity > $4 and not deleted order by entity limit {IRetention.EntitiesMax})
                union all
                (select entity from strata.head where tenant = $1 and model = $2 and version = $3 and entity > $4 and deleted order by entity limit {IRetention.EntitiesMax})
            ) both_kinds order by entity limit {IRetention.EntitiesMax}
        ),
        found as materialized (
            select l.entity, l.revision from entities e
            cross join lateral (
                select revision from strata.log where tenant = $1 and entity = e.entity and changed_at <= $5 order by revision desc limit 1
            ) kept
            join strata.log l on l.tenant = $1 and l.entity = e.entity and l.revision < kept.revision
            where not exists (
                select from strata.log o where o.tenant = $1 and o.entity = e.entity and o.revision < kept.revision and (o.model, o.version) <> ($2, $3)
            )
            order by l.entity, l.revision limit $6
        )
        """;

    private const string Page = "(select count(*) from entities), (select entity from entities order by entity desc limit 1)";

    private static readonly string CountSql = $"{Found} select (select count(*) from found), {Page}";

    private static readonly string DropSql = $"""
        {Found}, dropped as (
            delete from strata.log l using found f where l.tenant = $1 and l.entity = f.entity and l.revision = f.revision returning 1
        )
        select (select count(*) from dropped), {Page}
        """;

    public async ValueTask<SupersededPage> CountAsync(Superseded superseded, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(superseded.Tenant), command => RunAsync(command, CountSql, superseded, cancellationToken));

    public async ValueTask<SupersededPage> DropAsync(Superseded superseded, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(superseded.Tenant), command => RunAsync(command, DropSql, superseded, cancellationToken));

    private static async Task<SupersededPage> RunAsync(
        Query command, string sql, Superseded asked, CancellationToken cancellationToken)
    {
        command.CommandText = sql;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = asked.Tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = asked.Model.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = asked.Model.Version });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = asked.After?.Value ?? Guid.Empty });
        command.Parameters.Add(
            new NpgsqlParameter<DateTime> { TypedValue = asked.Horizon.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = asked.Limit });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var (revisions, entities) = ((int)row.GetInt64(0), row.GetInt64(1));
        if (revisions == asked.Limit) return new SupersededPage(revisions, IsLast: false, asked.After);
        return entities < IRetention.EntitiesMax ? new SupersededPage(revisions, IsLast: true, null)
            : new SupersededPage(revisions, IsLast: false, new EntityId(row.GetGuid(2)));
    }
}
