using Npgsql;
using NpgsqlTypes;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>A prepared statement that reads many entities by id, on one connection. Used by one caller at a time.</summary>
internal sealed class ReadStatement : IDisposable
{
    private static readonly string Latest = $"""
        select q.n, {RevisionRow.ColumnsUnlessKnown("h", "q.known")}
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as q (tenant, entity, known, n)
        join strata.head h on h.tenant = q.tenant and h.entity = q.entity
        where not h.deleted
        """;

    private static readonly string Past = $"""
        select q.n, {RevisionRow.ColumnsUnlessKnown("l", "q.known")}
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[]) with ordinality as q (tenant, entity, known, revision, at, n)
        cross join lateral (
            select * from strata.log l
            where l.tenant = q.tenant and l.entity = q.entity and l.revision <= q.revision and l.changed_at <= q.at
            order by l.revision desc limit 1
        ) l
        where not l.deleted
        """;

    private readonly NpgsqlBatch batch;
    private readonly RowsOfGroup rows;
    private readonly RevisionCache cache;
    private readonly NpgsqlParameter<Guid[]> tenants = Uuids();
    private readonly NpgsqlParameter<Guid[]> entities = Uuids();
    private readonly NpgsqlParameter<Guid[]> known = Uuids();
    private readonly NpgsqlParameter<long[]> revisions = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, TypedValue = [] };
    private readonly NpgsqlParameter<DateTimeOffset[]> times =
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, TypedValue = [] };
    private readonly bool isPast;

    private ReadStatement(NpgsqlConnection connection, RevisionCache cache, bool isPast)
    {
        (this.cache, this.isPast, rows) = (cache, isPast, new RowsOfGroup(connection.Database));
        var command = new NpgsqlBatchCommand(isPast ? Past : Latest) { Parameters = { tenants, entities, known } };
        batch = new NpgsqlBatch(connection) { BatchCommands = { rows.Command, command } };
        if (!isPast) return;
        command.Parameters.Add(revisions);
        command.Parameters.Add(times);
    }

    /// <summary>Reads what is now.</summary>
    public static Task<ReadStatement> PrepareLatestAsync(
        NpgsqlConnection connection, RevisionCache cache, CancellationToken cancellationToken) =>
        PrepareAsync(new ReadStatement(connection, cache, isPast: false), cancellationToken);

    /// <summary>Reads as of a time or a revision, each its own.</summary>
    public static Task<ReadStatement> PreparePastAsync(
        NpgsqlConnection connection, RevisionCache cache, CancellationToken cancellationToken) =>
        PrepareAsync(new ReadStatement(connection, cache, isPast: true), cancellationToken);

    /// <summary>One answer per key, null where there is no such entity.</summary>
    public async Task<EntityRevision?[]> ExecuteAsync(int count, Func<int, ReadKey> keyAt, CancellationToken cancellationToken)
    {
        var guesses = Fill(count, keyAt);
        var found = new EntityRevision?[count];
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var at = (int)reader.GetInt64(0) - 1;
            found[at] = reader.IsDBNull(1) ? guesses[at] : Read(reader, keyAt(at));
        }
        for (var i = 0; i < count; i++)
            if (found[i] is null && guesses[i] is { } gone) cache.Forget(gone.Tenant, gone.Id);
        return found;
    }

    /// <summary>How long the database may be silent. A batch of reads by id takes milliseconds.</summary>
    public TimeSpan SilenceMax { set => batch.Timeout = Math.Max(1, (int)value.TotalSeconds); }

    public void Dispose() => batch.Dispose();

    private static async Task<ReadStatement> PrepareAsync(ReadStatement statement, CancellationToken cancellationToken)
    {
        await statement.batch.PrepareAsync(cancellationToken);
        return statement;
    }

    private static NpgsqlParameter<Guid[]> Uuids() => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid, TypedValue = [] };

    private EntityRevision Read(NpgsqlDataReader row, ReadKey key)
    {
        var revision = RevisionRow.ReadBehindKey(row, 1, key.Tenant, key.Id);
        cache.Add(revision);
        return revision;
    }

    /// <returns>The cached revisions sent to the database, by position.</returns>
    private EntityRevision?[] Fill(int count, Func<int, ReadKey> keyAt)
    {
        var guesses = new EntityRevision?[count];
        (tenants.TypedValue, entities.TypedValue, known.TypedValue) = (new Guid[count], new Guid[count], new Guid[count]);
        for (var i = 0; i < count; i++)
        {
            var key = keyAt(i);
            guesses[i] = cache.Guess(key);
            (tenants.TypedValue[i], entities.TypedValue[i], known.TypedValue[i]) = (
                key.Tenant.Value, key.Id.Value, guesses[i]?.Commit.Value ?? Guid.Empty);
        }
        rows.Set(Enumerable.Range(0, count).Select(i => keyAt(i).Tenant).Distinct().ToArray());
        if (isPast) FillBounds(count, keyAt);
        return guesses;
    }

    private void FillBounds(int count, Func<int, ReadKey> keyAt)
    {
        (revisions.TypedValue, times.TypedValue) = (new long[count], new DateTimeOffset[count]);
        for (var i = 0; i < count; i++)
            (revisions.TypedValue[i], times.TypedValue[i]) = (keyAt(i).RevisionMax, keyAt(i).TimeMax);
    }
}
