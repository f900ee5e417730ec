using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>The columns of a revision, in the one order in which every query selects them.</summary>
internal static class RevisionRow
{
    public const int Count = 13;

    private const int KeyCount = 2;

    private static readonly string[] Names =
    [
        "tenant", "entity", "commit", "revision", "created_at", "changed_at", "version", "deleted", "model", "state", "transition",
        "changed_by", "document",
    ];

    public static string Columns(string alias) => string.Join(", ", Names.Select(n => $"{alias}.{n}"));

    /// <summary>All but the tenant and the entity, for reads that name them.</summary>
    public static string ColumnsBehindKey(string alias) => string.Join(", ", Names.Skip(KeyCount).Select(n => $"{alias}.{n}"));

    /// <summary>The same, all null where the reader knows the commit already.</summary>
    public static string ColumnsUnlessKnown(string alias, string known) =>
        string.Join(", ", Names.Skip(KeyCount).Select(n => $"case when {alias}.commit <> {known} then {alias}.{n} end"));

    public static EntityRevision Read(NpgsqlDataReader row) =>
        ReadBehindKey(row, KeyCount, new TenantId(row.GetGuid(0)), new EntityId(row.GetGuid(1)));

    /// <param name="first">Where the columns begin.</param>
    public static EntityRevision ReadBehindKey(NpgsqlDataReader row, int first, TenantId tenant, EntityId id) => new()
    {
        Tenant = tenant,
        Id = id,
        Commit = new CommitId(row.GetGuid(first)),
        Revision = new Revision(row.GetInt64(first + 1)),
        CreatedAt = row.GetDateTime(first + 2),
        ChangedAt = row.GetDateTime(first + 3),
        Model = new ModelKey(row.GetString(first + 6), row.GetInt32(first + 4)),
        Deleted = row.GetBoolean(first + 5),
        State = row.GetString(first + 7),
        Transition = row.IsDBNull(first + 8) ? null : row.GetString(first + 8),
        ChangedBy = row.GetString(first + 9),
        Document = new JsonText(row.GetFieldValue<byte[]>(first + 10)),
    };
}
