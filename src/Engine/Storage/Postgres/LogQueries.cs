using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>The queries that need no batching, each one round trip on a connection of the pool. Safe for concurrent use.</summary>
internal sealed class LogQueries(QueryPool pool)
{
    private static readonly string HistorySql = $"""
        select {RevisionRow.Columns("l")}, l.audit from strata.log l
        where l.tenant = $1 and l.entity = $2 and l.revision < $3
        order by l.revision desc limit $4
        """;

    private static readonly string TrailSql = HistorySql.Replace("l.document", "'{}'::jsonb", StringComparison.Ordinal);

    private const string SchedulesSql =
        "select tenant, entity, transition, due_at, expires_at from strata.schedule where tenant = $1 and entity = $2 order by revision, ordinal";

    private const string CommitSql = "select revision from strata.log where tenant = $1 and commit = $2 and ordinal = 0";

    private const string ExtentSql = "select count(*), coalesce(sum(revision), 0)::bigint from strata.log_head where revision > 0";

    private const string DueSql = """
        select tenant, entity, transition, due_at, expires_at from strata.schedule
        where due_at <= $1 and entity <> all($3) order by due_at limit $2
        """;

    /// <summary>Walks from tenant to tenant by the index: those that have none armed cost nothing.</summary>
    private const string DueInTurnSql = """
        with recursive armed(tenant) as (
          (select tenant from strata.schedule order by tenant limit 1)
          union all
          select (select s.tenant from strata.schedule s where s.tenant > a.tenant order by s.tenant limit 1) from armed a
          where a.tenant is not null)
        select due.tenant, due.entity, due.transition, due.due_at, due.expires_at
        from armed a cross join lateral (
          select s.*, row_number() over (order by s.due_at) as turn from (
            select * from strata.schedule s where s.tenant = a.tenant and s.due_at <= $1 and s.entity <> all($3)
            order by s.due_at limit $4) s) due
        order by due.turn, due.due_at limit $2
        """;

    public async ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        await RunAsync(Rows.Of(tenant), "select entity from strata.claim where tenant = $1 and digest = $2", async command =>
        {
            Add(command, tenant.Value);
            Add(command, ClaimKey.DigestOf(model, claim));
            return await command.ExecuteScalarAsync(cancellationToken) is Guid id ? new EntityId(id) : (EntityId?)null;
        });

    public async ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken)
    {
        try
        {
            return await pool.RunAsync(scan.Tenant is { } one ? Rows.Of(one) : Rows.OfAll, command =>
            {
                ScanSql.Write(scan, command);
                return ReadPageAsync(command, new PageSize(scan.Limit, scan.BytesMax), withAudit: false, cancellationToken);
            });
        }
        catch (PostgresException e) when (StoreErrors.IsBadValue(e))
        {
            throw StoreErrors.Invalid($"The condition cannot be evaluated: {e.MessageText}.");
        }
    }

    public ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        ReadHistoryAsync(HistorySql, tenant, id, before, limit, cancellationToken);

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        ReadHistoryAsync(TrailSql, tenant, id, before, limit, cancellationToken);

    private async ValueTask<RevisionPage> ReadHistoryAsync(
        string sql, TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        await RunAsync(Rows.Of(tenant), sql, async command =>
        {
            Add(command, tenant.Value);
            Add(command, id.Value);
            Add(command, before?.Value ?? long.MaxValue);
            Add(command, (long)limit.Rows);
            return await ReadPageAsync(command, limit, withAudit: true, cancellationToken);
        });

    public async ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        await RunAsync(Rows.Of(tenant), CommitSql, async command =>
        {
            Add(command, tenant.Value);
            Add(command, commit.Value);
            return await command.ExecuteScalarAsync(cancellationToken) is long revision ? new Revision(revision) : (Revision?)null;
        });

    public async ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await RunAsync(Rows.Of(tenant), "select revision from strata.log_head where tenant = $1", async command =>
        {
            Add(command, tenant.Value);
            return await command.ExecuteScalarAsync(cancellationToken) is long revision ? new Revision(revision) : Revision.None;
        });

    // What runs over all tenants is for the platform's own parts, which serve all: followers of the log, and what makes due things happen.

    public async ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) =>
        await RunAsync(Rows.OfAll, "select tenant, revision from strata.log_head where revision > 0", async command =>
        {
            var heads = new List<TenantHead>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                heads.Add(new TenantHead(new TenantId(reader.GetGuid(0)), new Revision(reader.GetInt64(1))));
            return heads;
        });

    public async ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken) =>
        await RunAsync(Rows.OfAll, ExtentSql, async command =>
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new LogExtent(reader.GetInt64(0), reader.GetInt64(1));
        });

    public async ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
        TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        await RunAsync(Rows.Of(tenant), SchedulesSql, async command =>
        {
            Add(command, tenant.Value);
            Add(command, id.Value);
            var armed = new List<ScheduledTransition>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) armed.Add(ReadDue(reader).Schedule);
            return armed;
        });

    public async ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken) =>
        await RunAsync(Rows.OfAll, query.EachMax is null ? DueSql : DueInTurnSql, async command =>
        {
            Add(command, query.Now.ToUniversalTime());
            Add(command, (long)query.Limit);
            Add(command, query.Except?.Select(id => id.Value).ToArray() ?? []);
            if (query.EachMax is { } each) Add(command, (long)each);
            var due = new List<DueTransition>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) due.Add(ReadDue(reader));
            return due;
        });

    public async ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        await RunAsync(Rows.OfAll, "select due_at from strata.schedule where due_at > $1 order by due_at limit 1", async command =>
        {
            Add(command, after.ToUniversalTime());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : (DateTimeOffset?)null;
        });

    private static DueTransition ReadDue(NpgsqlDataReader row)
    {
        DateTimeOffset? expires = row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4);
        var schedule = new ScheduledTransition(row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), expires);
        return new DueTransition(new TenantId(row.GetGuid(0)), new EntityId(row.GetGuid(1)), schedule);
    }

    private static void Add<T>(Query command, T value) => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });

    private Task<T> RunAsync<T>(Rows rows, string sql, Func<Query, Task<T>> run) => pool.RunAsync(rows, command =>
    {
        command.CommandText = sql;
        return run(command);
    });

    private static async Task<RevisionPage> ReadPageAsync(
        Query command, PageSize size, bool withAudit, CancellationToken cancellationToken)
    {
        var rows = new List<EntityRevision>();
        var bytes = 0L;
        var isAll = await BoundedReader.ReadAsync(command, Take, cancellationToken);
        return new RevisionPage(rows, isAll && rows.Count < size.Rows);

        bool Take(NpgsqlDataReader row)
        {
            var revision = RevisionRow.Read(row);
            bytes += revision.Document.Utf8.Length;
            if (withAudit && !row.IsDBNull(RevisionRow.Count))
            {
                var audit = row.GetFieldValue<byte[]>(RevisionRow.Count);
                bytes += audit.Length;
                revision = revision with { Audit = AuditText.Read(audit) };
            }
            rows.Add(revision);
            return bytes < size.Bytes || rows.Count == size.Rows; // where the rows have come to their limit no more is sent
        }
    }
}
