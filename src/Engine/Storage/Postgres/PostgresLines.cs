using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Log lines in the database. The stream's row is the lock under which its chunks are numbered. Safe for concurrent use.</summary>
internal sealed class PostgresLines(QueryPool pool, LineNotices notices, Notifier<LinesAppended> wakes) : ILines
{
    private static readonly string AppendSql = $"""
        with s as (
            insert into strata.line_stream (tenant, stream, last, bytes) values ($1, $2, 1, length($3))
            on conflict (tenant, stream) do update set last = line_stream.last + 1, bytes = line_stream.bytes + length($3)
            returning last, bytes
        ), dropped as (
            delete from strata.line l using s where l.tenant = $1 and l.stream = $2 and l.starts_at < s.bytes - {ILines.BytesPerStreamMax}
        )
        insert into strata.line (tenant, stream, position, starts_at, at, lines)
        select $1, $2, s.last, s.bytes - length($3), clock_timestamp(), $3 from s
        returning position
        """;

    private const string ReadSql =
        "select position, at, lines from strata.line where tenant = $1 and stream = $2 and position > $3 order by position limit $4";

    private const string DeleteSql = """
        with s as (delete from strata.line_stream where tenant = $1 and stream = $2)
        delete from strata.line where tenant = $1 and stream = $2
        """;

    public async ValueTask<long> AppendAsync(
        TenantId tenant, EntityId stream, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        LinesGuard.Check(lines.Length);
        var position = await pool.RunOnceAsync(Rows.Of(tenant), async command =>
        {
            Set(command, AppendSql, tenant, stream);
            command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = lines, NpgsqlDbType = NpgsqlDbType.Bytea });
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        });
        var appended = new LinesAppended(tenant, stream, position);
        wakes.Wake(appended);
        notices.Add(appended);
        return position;
    }

    public IDisposable OnAppend(Action<LinesAppended> wake) => wakes.Add(wake);

    public async ValueTask<IReadOnlyList<LineChunk>> ReadAsync(
        TenantId tenant, EntityId stream, long after, int limit, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Set(command, ReadSql, tenant, stream);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = limit });
            var chunks = new List<LineChunk>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            for (var bytes = 0; bytes < ILines.PageBytesMax && await reader.ReadAsync(cancellationToken); bytes += chunks[^1].Lines.Length)
                chunks.Add(new LineChunk(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<byte[]>(2)));
            return chunks;
        });

    public async ValueTask DeleteAsync(TenantId tenant, EntityId stream, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), command =>
        {
            Set(command, DeleteSql, tenant, stream);
            return command.ExecuteNonQueryAsync(cancellationToken);
        });

    private static void Set(Query command, string sql, TenantId tenant, EntityId stream)
    {
        command.CommandText = sql;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream.Value });
    }
}
