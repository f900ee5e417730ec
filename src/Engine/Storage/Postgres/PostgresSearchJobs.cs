using Npgsql;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Asynchronous searches on PostgreSQL: each runs as one statement that keeps what it finds, so that no row passes through this server.
/// </summary>
internal sealed class PostgresSearchJobs(
    QueryPool pool, QueryPool searches, DatabaseWatch watch, PostgresSearchIndexes indexes) : ISearchJobs
{
    private const string Running = "RUNNING";
    private const int SweepMax = 100;

    private const string AddSql = """
        with surplus as (
            delete from strata.search_job where tenant = $1 and status in ('CANCELLED', 'FAILED') and job in (
                select job from strata.search_job where tenant = $1 and status in ('CANCELLED', 'FAILED') order by created_at desc offset $7))
        insert into strata.search_job (tenant, job, status, server, heard_at, point_in_time, created_at, expires_at, found)
        select $1, $2, 'RUNNING', $3, $4, $5, $4, $6, 0
        where (select count(*) from strata.search_job where tenant = $1 and expires_at > $4 and status in ('RUNNING', 'SUCCESSFUL')) < $7
        returning true
        """;

    private const string FindSql = """
        select status, point_in_time, created_at, finished_at, expires_at, found, message
        from strata.search_job where tenant = $1 and job = $2 and expires_at > $3
        """;

    private const string EndSql = """
        update strata.search_job set status = $3, message = $4, finished_at = $5 where tenant = $1 and job = $2 and status = 'RUNNING' returning true
        """;

    private const string SucceedSql = """
        update strata.search_job set status = 'SUCCESSFUL', found = $3, finished_at = clock_timestamp() where tenant = $1 and job = $2 and status = 'RUNNING'
        """;

    private const string FailSilentSql = """
        update strata.search_job set status = 'FAILED', message = 'The server that ran it has stopped.', finished_at = $1
        where status = 'RUNNING' and heard_at < $2
        """;

    private const string RemoveSql = """
        with late as (select tenant, job from strata.search_job where expires_at <= $1 order by expires_at limit $2 for update skip locked),
        results as (delete from strata.search_result r using late where r.tenant = late.tenant and r.job = late.job)
        delete from strata.search_job j using late where j.tenant = late.tenant and j.job = late.job
        """;

    public async ValueTask<bool> TryAddAsync(SearchJob job, string server, int perTenantMax, CancellationToken cancellationToken) =>
        await AskAsync(job.Tenant, AddSql, cancellationToken, job.Tenant.Value, job.Id.Value, server, job.CreatedAt,
            Nullable(job.PointInTime), job.ExpiresAt, (long)perTenantMax) is true;

    public async ValueTask<SearchJob?> FindAsync(
        TenantId tenant, SearchJobId id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Prepare(command, FindSql, tenant.Value, id.Value, now);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken) ? Read(row, tenant, id) : null;
        });

    /// <summary>Its statement has no timeout, so it is given up when the database goes away.</summary>
    public async ValueTask<bool> RunAsync(SearchJob job, SearchQuery search, long resultsMax, CancellationToken cancellationToken)
    {
        SearchGuard.Check(search);
        return await watch.WhileThereAsync(token => RunToEndAsync(job, search, resultsMax, token), cancellationToken);
    }

    private async Task<bool> RunToEndAsync(SearchJob job, SearchQuery search, long resultsMax, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await searches.Source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var found = await StoreAsync(
                connection, job, search, await indexes.ReadyAsync(search, cancellationToken), resultsMax + 1, cancellationToken);
            if (found > resultsMax) throw StoreErrors.ResultLimit(resultsMax);
            await using var succeed = new Query(connection, Rows.Of(job.Tenant));
            Prepare(succeed, SucceedSql, job.Tenant.Value, job.Id.Value, found);
            if (await succeed.ExecuteNonQueryAsync(cancellationToken) == 0) return false; // what was stored goes with the transaction
            await transaction.CommitAsync(CancellationToken.None);
            return true;
        }
        catch (PostgresException e) when (StoreErrors.IsBadValue(e))
        {
            throw StoreErrors.Invalid($"The condition cannot be evaluated: {e.MessageText}.");
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e))
        {
            throw StoreErrors.Unavailable(e);
        }
    }

    public async ValueTask<bool> EndAsync(
        TenantId tenant, SearchJobId id, SearchJobStatus status, string? message, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        await AskAsync(
            tenant, EndSql, cancellationToken, tenant.Value, id.Value, Text(status), message ?? (object)DBNull.Value, now) is true;

    public async ValueTask<IReadOnlyList<FoundEntity>> ResultsAsync(
        TenantId tenant, SearchJobId id, long skip, int take, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            const string Sql = "select entity, revision from strata.search_result where tenant = $1 and job = $2 and position >= $3 and position < $4 order by position";
            Prepare(command, Sql, tenant.Value, id.Value, skip, skip + take);
            return await PostgresSearch.ReadFoundAsync(command, cancellationToken);
        });

    public async ValueTask<IReadOnlyList<RunningSearch>> HeartbeatAsync(
        string server, DateTimeOffset now, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.OfAll, async command => // all that this server runs
        {
            Prepare(command,
                "update strata.search_job set heard_at = $2 where server = $1 and status = 'RUNNING' returning tenant, job", server, now);
            var running = new List<RunningSearch>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                running.Add(new RunningSearch(new TenantId(reader.GetGuid(0)), new SearchJobId(reader.GetGuid(1))));
            return running;
        });

    public async ValueTask SweepAsync(DateTimeOffset now, DateTimeOffset heardSince, CancellationToken cancellationToken)
    {
        await RunAsync(FailSilentSql, cancellationToken, now, heardSince);
        while (await RunAsync(RemoveSql, cancellationToken, now, (long)SweepMax) == SweepMax)
        {
            // the next ones
        }
    }

    private static async Task<long> StoreAsync(
        NpgsqlConnection connection, SearchJob job, SearchQuery search, Predicate<JsonPath> isIndexed, long limit,
        CancellationToken cancellationToken)
    {
        await using var command = new Query(connection, Rows.Of(job.Tenant)) { CommandTimeout = 0 };
        var parameters = new SqlParameters(command.Parameters);
        new SearchSql(search, parameters, isIndexed).Write(command, limit);
        command.CommandText = $"""
            insert into strata.search_result (tenant, job, position, entity, revision)
            select {parameters.Add(job.Tenant.Value)}, {parameters.Add(job.Id.Value)}, row_number() over () - 1, f.entity, f.revision
            from ({command.CommandText}) f
            """;
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static SearchJob Read(NpgsqlDataReader row, TenantId tenant, SearchJobId id) => new()
    {
        Tenant = tenant,
        Id = id,
        Status = Enum.Parse<SearchJobStatus>(row.GetString(0), ignoreCase: true),
        PointInTime = row.IsDBNull(1) ? null : row.GetFieldValue<DateTimeOffset>(1),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(2),
        FinishedAt = row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3),
        ExpiresAt = row.GetFieldValue<DateTimeOffset>(4),
        Found = row.GetInt64(5),
        Message = row.IsDBNull(6) ? null : row.GetString(6),
    };

    private static string Text(SearchJobStatus status) => status == SearchJobStatus.Running
        ? Running : status.ToString().ToUpperInvariant();

    private static object Nullable(DateTimeOffset? time) => time is { } at ? at.ToUniversalTime() : DBNull.Value;

    private static void Prepare(Query command, string sql, params object[] values)
    {
        command.CommandText = sql;
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value is DateTimeOffset time ? time.ToUniversalTime() : value });
    }

    private Task<object?> AskAsync(TenantId tenant, string sql, CancellationToken cancellationToken, params object[] values) =>
        pool.RunOnceAsync(Rows.Of(tenant), command =>
        {
            Prepare(command, sql, values);
            return command.ExecuteScalarAsync(cancellationToken);
        });

    private Task<int> RunAsync(string sql, CancellationToken cancellationToken, params object[] values) =>
        pool.RunAsync(Rows.OfAll, command => // the sweep
    {
        Prepare(command, sql, values);
        return command.ExecuteNonQueryAsync(cancellationToken);
    });
}
