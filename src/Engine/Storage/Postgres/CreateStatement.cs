using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// The prepared statement for groups that create entities and do nothing else, on one connection. Such a group need not read the heads:
/// that an entity is new is what the heads' primary key says. So nothing is refused singly, every commit's place in its tenant is known
/// before, and the statement costs half of <see cref="AppendStatement"/>'s. Where a key says no, the whole group is undone and the caller
/// runs that one. Used by one caller at a time.
/// </summary>
internal sealed class CreateStatement : IDisposable
{
    private const string Sql = $"""
        with moved as (
            update strata.log_head l set revision = l.revision + t.commits, at = greatest(l.at, clock_timestamp())
            from unnest($1::uuid[], $2::bigint[], $15::boolean[]) as t (tenant, commits, is_users)
            where l.tenant = t.tenant and (l.closed_until is null or not t.is_users or l.closed_until <= clock_timestamp())
            returning l.tenant, l.revision - t.commits as revision, l.at, pg_notify('{AppendSql.Channel}', l.tenant || ':' || l.revision)
        ), w as materialized (
            select w.*, m.revision + w.place as revision, m.at
            from unnest($3::uuid[], $4::bigint[], $5::int[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::int[], $11::text[], $12::text[], $13::jsonb[], $14::bytea[])
                 as w (tenant, place, ordinal, entity, commit, changed_by, model, version, state, transition, document, audit)
            join moved m on m.tenant = w.tenant
        ), logged as (
            insert into strata.log (tenant, entity, commit, revision, created_at, changed_at, ordinal, version, deleted, model, state, transition, changed_by, document, audit)
            select tenant, entity, commit, revision, at, at, ordinal, version, false, model, state, transition, changed_by, document, audit from w
        ), created as (
            insert into strata.head (tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, transition, changed_by, document)
            select tenant, entity, commit, revision, at, at, version, false, model, state, transition, changed_by, document from w
        )
        select tenant, revision, at from moved
        """;

    private readonly NpgsqlBatch batch;
    private readonly RowsOfGroup rows;
    private readonly ParameterArrays arrays;

    private CreateStatement(NpgsqlConnection connection)
    {
        rows = new RowsOfGroup(connection.Database);
        var command = new NpgsqlBatchCommand(Sql);
        batch = new NpgsqlBatch(connection) { BatchCommands = { rows.Command, command } };
        Cancel = batch.Cancel;
        arrays = new ParameterArrays(command.Parameters);
    }

    /// <summary>Cancels the execution, if there is one, from any thread; see <see cref="Abandoned.Cancel"/>.</summary>
    public Action Cancel { get; }

    public static async Task<CreateStatement> PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var statement = new CreateStatement(connection);
        statement.Fill([], [], []);
        await statement.batch.PrepareAsync(cancellationToken);
        return statement;
    }

    /// <summary>Whether the group is one for this statement.</summary>
    public static bool Suits(IReadOnlyList<AppendRequest> group)
    {
        foreach (var request in group)
        {
            if (request.Commit.Reads.Count > 0 || request.Commit.Fence is not null || request.TakesClaims) return false;
            foreach (var write in request.Commit.Writes)
                if (write.Delete || write.Expected != Revision.None || write.Schedules is { Count: > 0 }) return false;
        }
        return true;
    }

    /// <summary>
    /// Appends the group whole, or throws a unique violation where something is not new. No outcome for the commits of a tenant that an
    /// import has closed: none of them was written, and those of the others were.
    /// </summary>
    public async Task<AppendOutcome?[]> ExecuteAsync(IReadOnlyList<AppendRequest> group, CancellationToken cancellationToken)
    {
        var tenants = new Dictionary<TenantId, long>();
        var places = new long[group.Count];
        for (var no = 0; no < places.Length; no++)
            places[no] = tenants[group[no].Commit.Tenant] = tenants.GetValueOrDefault(group[no].Commit.Tenant) + 1;
        Fill(group, places, [.. tenants.OrderBy(t => t.Key.Value)]); // in order, so that two servers never wait for each other
        var moved = new Dictionary<TenantId, (long Revision, DateTime At)>(tenants.Count);
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                moved[new TenantId(reader.GetGuid(0))] = (reader.GetInt64(1), reader.GetDateTime(2));
        }
        return ToOutcomes(group, places, moved);
    }

    public void Dispose() => batch.Dispose();

    private static AppendOutcome?[] ToOutcomes(
        IReadOnlyList<AppendRequest> group, long[] places, Dictionary<TenantId, (long Revision, DateTime At)> moved)
    {
        var outcomes = new AppendOutcome?[places.Length];
        for (var no = 0; no < outcomes.Length; no++)
        {
            if (!moved.TryGetValue(group[no].Commit.Tenant, out var tenant)) continue;
            var (before, at) = tenant;
            outcomes[no] = new AppendOutcome.Committed(new Revision(before + places[no]), at);
        }
        return outcomes;
    }

    private void Fill(IReadOnlyList<AppendRequest> group, long[] places, KeyValuePair<TenantId, long>[] tenants)
    {
        rows.Set(Array.ConvertAll(tenants, t => t.Key));
        var writes = new GroupWrites(group);
        arrays.Restart();
        arrays.Set(NpgsqlDbType.Uuid, Array.ConvertAll(tenants, t => t.Key.Value));
        arrays.Set(NpgsqlDbType.Bigint, Array.ConvertAll(tenants, t => t.Value));
        arrays.Set(NpgsqlDbType.Uuid, writes.To((c, _, _, _) => c.Tenant.Value));
        arrays.Set(NpgsqlDbType.Bigint, writes.To((_, no, _, _) => places[no]));
        arrays.Set(NpgsqlDbType.Integer, writes.To((_, _, ordinal, _) => ordinal));
        arrays.Set(NpgsqlDbType.Uuid, writes.To((_, _, _, w) => w.Id.Value));
        arrays.Set(NpgsqlDbType.Uuid, writes.To((c, _, _, _) => c.Id.Value));
        arrays.Set(NpgsqlDbType.Text, writes.To((c, _, _, _) => c.By));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.Model.Name));
        arrays.Set(NpgsqlDbType.Integer, writes.To((_, _, _, w) => w.Model.Version));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.State));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.Transition));
        arrays.Set(NpgsqlDbType.Jsonb, writes.To((_, _, _, w) => w.Document.Utf8));
        arrays.Set(NpgsqlDbType.Bytea, writes.To((_, _, _, w) => AuditText.Write(w.Audit)));
        var ofUsers = group.Where(r => r.Commit.WritesUsersData).Select(r => r.Commit.Tenant).ToHashSet();
        arrays.Set(NpgsqlDbType.Boolean, Array.ConvertAll(tenants, t => ofUsers.Contains(t.Key)));
    }
}
