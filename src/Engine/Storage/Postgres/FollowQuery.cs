using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Reads a tenant's log in order. The head is read in the same snapshot, so that a page knows how far it has looked even where it found
/// nothing. Rows of documents are taken one by one until they are enough, so that large documents do not fill the memory. Safe for
/// concurrent use.
/// </summary>
internal sealed class FollowQuery(QueryPool pool, bool staged = false)
{
    // Spelt as in the index log_platform, or the planner does not see that it fits.
    private const string IsPlatforms = "l.model >= 'strata.' and l.model < 'strata/'";

    private const string IsDefinition = "l.model = 'strata.model'";

    private const int EntityColumn = 1;
    private const int FirstColumn = 2;
    private const int AuditColumn = FirstColumn + RevisionRow.Count - 2;

    private static readonly string Everything = Sql("");
    private static readonly string UsersOnly = Sql($"and not ({IsPlatforms})");
    private static readonly string UsersAndDefinitions = Sql($"and (not ({IsPlatforms}) or {IsDefinition})");
    private static readonly string Named = Sql("and l.model = any($4)");
    private static readonly string PlatformNamed = Sql($"and {IsPlatforms} and l.model = any($4)");

    private static readonly string Staged = $"""
        select {long.MaxValue}, l.entity, {RevisionRow.ColumnsBehindKey("l")}, l.audit
        from strata.staged l where l.tenant = $1 and l.revision > $2 order by l.revision, l.ordinal limit $3
        """;

    public async ValueTask<FollowPage> ReadAsync(Follow follow, CancellationToken cancellationToken)
    {
        var read = await pool.RunAsync(Rows.Of(follow.Tenant), command => ReadRowsAsync(command, follow, cancellationToken));
        var position = read.IsWhole ? read.Head > follow.After ? read.Head : follow.After : default;
        if (read.IsWhole) return new FollowPage(Wanted(follow, read.Rows), position);
        var cut = read.Rows[^1].Revision; // the last commit may be there in part
        var whole = read.Rows.FindIndex(r => r.Revision == cut);
        if (whole > 0) return new FollowPage(Wanted(follow, read.Rows.GetRange(0, whole)), read.Rows[whole - 1].Revision);
        var commit = await pool.RunAsync(
            Rows.Of(follow.Tenant), command => ReadCommitAsync(command, follow, cut, cancellationToken));
        return new FollowPage(Wanted(follow, commit), cut);
    }

    private static string Sql(string models) => $"""
        select h.revision, l.entity, {RevisionRow.ColumnsBehindKey("l")} AUDIT
        from strata.log_head h
        left join lateral (
            select * from strata.log l
            where l.tenant = $1 and l.revision > $2 and l.revision <= h.revision {models}
            order by l.revision, l.ordinal limit $3
        ) l on true
        where h.tenant = $1
        """;

    private static string SqlOf(Follow follow) =>
        SqlOf(follow.Models).Replace("AUDIT", follow.WithAudit ? ", l.audit" : "", StringComparison.Ordinal);

    private static string SqlOf(ModelFilter models)
    {
        if (models.Names is not null) return models.PlatformOnly ? PlatformNamed : Named;
        return models.WithDefinitions ? UsersAndDefinitions : models.UsersOnly ? UsersOnly : Everything;
    }

    private string OneCommit => $"""
        select l.revision, l.entity, {RevisionRow.ColumnsBehindKey("l")}, l.audit
        from strata.{(staged ? "staged" : "log")} l where l.tenant = $1 and l.revision = $2 order by l.ordinal
        """;

    /// <summary>The database filters by name only; versions are filtered here.</summary>
    private static IReadOnlyList<EntityRevision> Wanted(Follow follow, List<EntityRevision> rows)
    {
        if (follow.Models != ModelFilter.All) rows.RemoveAll(r => !follow.Models.Wants(r.Model));
        return rows;
    }

    private async Task<Read> ReadRowsAsync(Query command, Follow follow, CancellationToken cancellationToken)
    {
        command.CommandText = staged ? Staged : SqlOf(follow);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = follow.Tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = follow.After.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = follow.Limit + 1L });
        if (follow.Models.Names is { } names)
            command.Parameters.Add(
                new NpgsqlParameter<string[]> { TypedValue = [.. names], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        var (rows, head, bytes) = (new List<EntityRevision>(), Revision.None, 0L);
        var isAll = await BoundedReader.ReadAsync(command, Take, cancellationToken);
        return new Read(rows, head, isAll && rows.Count <= follow.Limit);

        bool Take(NpgsqlDataReader row)
        {
            head = new Revision(row.GetInt64(0));
            if (row.IsDBNull(EntityColumn)) return true; // nothing behind it: the only row
            rows.Add(ReadRow(row, follow.Tenant, follow.WithAudit || staged));
            bytes += rows[^1].Document.Utf8.Length;
            return bytes <= Follow.BytesMax;
        }
    }

    private async Task<List<EntityRevision>> ReadCommitAsync(
        Query command, Follow follow, Revision revision, CancellationToken cancellationToken)
    {
        command.CommandText = OneCommit;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = follow.Tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = revision.Value });
        var rows = new List<EntityRevision>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) rows.Add(ReadRow(reader, follow.Tenant, follow.WithAudit || staged));
        return rows;
    }

    private static EntityRevision ReadRow(NpgsqlDataReader reader, TenantId tenant, bool withAudit)
    {
        var row = RevisionRow.ReadBehindKey(reader, FirstColumn, tenant, new EntityId(reader.GetGuid(EntityColumn)));
        return withAudit && !reader.IsDBNull(AuditColumn)
            ? row with { Audit = AuditText.Read(reader.GetFieldValue<byte[]>(AuditColumn)) } : row;
    }

    /// <param name="IsWhole">All that there is behind the revision is here, up to the head.</param>
    private sealed record Read(List<EntityRevision> Rows, Revision Head, bool IsWhole);
}
