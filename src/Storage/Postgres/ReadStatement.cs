using Npgsql;
using NpgsqlTypes;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>A prepared statement that reads many entities by id, on one connection. Used by one caller at a time.</summary>
internal sealed class ReadStatement : IDisposable
{
    private static readonly string Latest = $"""
        select q.n, {RevisionRow.ColumnsBehindKey("h")}
        from unnest($1::uuid[], $2::uuid[]) with ordinality as q (tenant, entity, n)
        join strata.head h on h.tenant = q.tenant and h.entity = q.entity
        where not h.deleted
        """;

    private static readonly string Past = $"""
        select q.n, {RevisionRow.ColumnsBehindKey("l")}
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[]) with ordinality as q (tenant, entity, revision, at, n)
        cross join lateral (
            select * from strata.log l
            where l.tenant = q.tenant and l.entity = q.entity and l.revision <= q.revision and l.changed_at <= q.at
            order by l.revision desc limit 1
        ) l
        where not l.deleted
        """;

    private readonly NpgsqlCommand command;
    private readonly NpgsqlParameter<Guid[]> tenants = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid, TypedValue = [] };
    private readonly NpgsqlParameter<Guid[]> entities = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid, TypedValue = [] };
    private readonly NpgsqlParameter<long[]> revisions = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, TypedValue = [] };
    private readonly NpgsqlParameter<DateTimeOffset[]> times = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, TypedValue = [] };
    private readonly bool isPast;

    private ReadStatement(NpgsqlConnection connection, bool isPast)
    {
        this.isPast = isPast;
        command = new NpgsqlCommand(isPast ? Past : Latest, connection) { Parameters = { tenants, entities } };
        if (!isPast) return;
        command.Parameters.Add(revisions);
        command.Parameters.Add(times);
    }

    /// <summary>Reads what is now.</summary>
    public static Task<ReadStatement> PrepareLatestAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        PrepareAsync(new ReadStatement(connection, isPast: false), cancellationToken);

    /// <summary>Reads as of a time or a revision, each its own.</summary>
    public static Task<ReadStatement> PreparePastAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        PrepareAsync(new ReadStatement(connection, isPast: true), cancellationToken);

    /// <summary>One answer per key, null where there is no such entity.</summary>
    public async Task<EntityRevision?[]> ExecuteAsync(int count, Func<int, ReadKey> keyAt, CancellationToken cancellationToken)
    {
        Fill(count, keyAt);
        var found = new EntityRevision?[count];
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var at = (int)reader.GetInt64(0) - 1;
            var key = keyAt(at);
            found[at] = RevisionRow.ReadBehindKey(reader, 1, key.Tenant, key.Id);
        }
        return found;
    }

    public void Dispose() => command.Dispose();

    private static async Task<ReadStatement> PrepareAsync(ReadStatement statement, CancellationToken cancellationToken)
    {
        await statement.command.PrepareAsync(cancellationToken);
        return statement;
    }

    private void Fill(int count, Func<int, ReadKey> keyAt)
    {
        (tenants.TypedValue, entities.TypedValue) = (new Guid[count], new Guid[count]);
        for (var i = 0; i < count; i++) (tenants.TypedValue[i], entities.TypedValue[i]) = (keyAt(i).Tenant.Value, keyAt(i).Id.Value);
        if (!isPast) return;
        (revisions.TypedValue, times.TypedValue) = (new long[count], new DateTimeOffset[count]);
        for (var i = 0; i < count; i++)
        {
            revisions.TypedValue[i] = (keyAt(i).AsOf.Revision ?? keyAt(i).Until)?.Value ?? long.MaxValue;
            times.TypedValue[i] = keyAt(i).AsOf.Time?.ToUniversalTime() ?? DateTimeOffset.MaxValue;
        }
    }
}
