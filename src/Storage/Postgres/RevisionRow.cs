using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>The columns of a revision, in the one order in which every query selects them.</summary>
internal static class RevisionRow
{
    public const int Count = 13;

    public static string Columns(string alias) => string.Join(", ", Names.Select(n => $"{alias}.{n}"));

    private static readonly string[] Names =
    [
        "tenant", "entity", "commit", "revision", "created_at", "changed_at", "version", "deleted", "model", "state", "transition", "changed_by", "document",
    ];

    /// <param name="first">Where the columns begin.</param>
    public static EntityRevision Read(NpgsqlDataReader row, int first = 0) => new()
    {
        Tenant = new TenantId(row.GetGuid(first)),
        Id = new EntityId(row.GetGuid(first + 1)),
        Commit = new CommitId(row.GetGuid(first + 2)),
        Revision = new Revision(row.GetInt64(first + 3)),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(first + 4),
        ChangedAt = row.GetFieldValue<DateTimeOffset>(first + 5),
        Model = new ModelKey(row.GetString(first + 8), row.GetInt32(first + 6)),
        Deleted = row.GetBoolean(first + 7),
        State = row.GetString(first + 9),
        Transition = row.IsDBNull(first + 10) ? null : row.GetString(first + 10),
        ChangedBy = row.GetString(first + 11),
        Document = new JsonText(row.GetFieldValue<byte[]>(first + 12)),
    };
}
