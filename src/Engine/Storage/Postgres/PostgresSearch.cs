using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Search on PostgreSQL, on connections of its own, so that searches take none from what else is asked. Safe for concurrent use.
/// </summary>
internal sealed class PostgresSearch(QueryPool pool, PostgresSearchIndexes indexes, TimeProvider time) : IEntitySearch
{
    /// <summary>The token says when it is enough; this ends a search that hangs after its caller has left.</summary>
    private const int GraceSeconds = 5;

    private static readonly string ReadSql = $"""
        select {RevisionRow.Columns("l")}, f.place from unnest($2, $3) with ordinality as f (entity, revision, place)
        join strata.log l on l.tenant = $1 and l.entity = f.entity and l.revision = f.revision order by f.place
        """;

    public async ValueTask<IReadOnlyList<FoundEntity>> FindAsync(SearchQuery search, CancellationToken cancellationToken)
    {
        SearchGuard.Check(search);
        var isIndexed = await indexes.ReadyAsync(search, cancellationToken);
        return await LogMetrics.SearchAsync(
            () => WithinAsync(search.Timeout, cancellation => pool.RunAsync(Rows.Of(search.Tenant), async command =>
        {
            new SearchSql(search, new SqlParameters(command.Parameters), isIndexed).Write(command, search.Limit);
            command.CommandTimeout = (int)Math.Ceiling(search.Timeout.TotalSeconds) + GraceSeconds;
            return await ReadFoundAsync(command, cancellation);
        }), cancellationToken));
    }

    public async ValueTask<FoundPage> ReadAsync(
        TenantId tenant, IReadOnlyList<FoundEntity> found, long bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(found.Count, IEntitySearch.ReadMax);
        return await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            command.CommandText = ReadSql;
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant.Value });
            command.Parameters.Add(
                new NpgsqlParameter<Guid[]> { TypedValue = [.. found.Select(f => f.Id.Value)],
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
            command.Parameters.Add(
                new NpgsqlParameter<long[]> { TypedValue = [.. found.Select(f => f.Revision.Value)],
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            var (revisions, bytes, place) = (new List<EntityRevision>(), 0L, 0L);
            var isAll = await BoundedReader.ReadAsync(command, Take, cancellationToken);
            return new FoundPage(revisions, isAll ? found.Count : (int)place);

            bool Take(NpgsqlDataReader row)
            {
                revisions.Add(RevisionRow.Read(row));
                place = row.GetInt64(RevisionRow.Count);
                bytes += revisions[^1].Document.Utf8.Length;
                return bytes < bytesMax || place == found.Count;
            }
        });
    }

    internal static async Task<IReadOnlyList<FoundEntity>> ReadFoundAsync(Query command, CancellationToken cancellationToken)
    {
        var found = new List<FoundEntity>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add(new FoundEntity(new EntityId(reader.GetGuid(0)), new Revision(reader.GetInt64(1))));
        return found;
    }

    private async Task<T> WithinAsync<T>(TimeSpan timeout, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await run(either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw StoreErrors.SearchTimeout(timeout);
        }
        catch (PostgresException e) when (StoreErrors.IsBadValue(e))
        {
            throw StoreErrors.Invalid($"The condition cannot be evaluated: {e.MessageText}.");
        }
    }
}
