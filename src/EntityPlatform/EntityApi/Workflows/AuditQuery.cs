using System.Buffers.Binary;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Workflows;

/// <summary>Which audit events are requested, and from which position.</summary>
/// <param name="Kinds">Null: all.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="After">The last event of the page before; null: from the newest.</param>
internal sealed record AuditQuery(
    HashSet<string>? Kinds, string? Severity, DateTimeOffset? From, DateTimeOffset? To, CommitId? Transaction,
    AuditPosition? After, int Limit)
{
    public const int LimitMax = 1000;

    public static readonly Parameter[] Parameters =
    [
        Parameter.Query("eventType",
            "Types of events; may be repeated.", Schemas.List(Schemas.OneOf(AuditItem.EntityChange, AuditItem.StateMachine, "System"))),
        Parameter.Query("severity", "Only events of this severity.", Schemas.OneOf("ERROR", "INFO", "WARN", "DEBUG")),
        Parameter.Query("fromUtcTime", "Not before this time (RFC 3339).", Schemas.Time()),
        Parameter.Query("toUtcTime", "Before this time (RFC 3339).", Schemas.Time()),
        Parameter.Query("transactionId", "Only events of this transaction.", Schemas.Uuid()),
        Parameter.Query("cursor", "The nextCursor of the previous page.", Schemas.Text()),
        Parameter.Query("limit", "Events at most.", Schemas.Integer(1, LimitMax)),
    ];

    private const int LimitDefault = 20;

    private static readonly string[] KindNames = [AuditItem.EntityChange, AuditItem.StateMachine, "System"];
    private static readonly string[] SeverityNames = ["ERROR", "INFO", "WARN", "DEBUG"];

    /// <param name="entity">Whose trail it is: a cursor of another one is refused.</param>
    public static Result<AuditQuery> Read(ApiCall call, TenantId tenant, EntityId entity)
    {
        if (!ReadKinds(call).TryGet(out var kinds, out var error)) return error;
        if (!call.Query("severity").TryGet(out var severity, out error)) return error;
        if (severity is not null && !SeverityNames.Contains(severity))
            return ApiErrors.QueryValue("severity", $"one of {string.Join(", ", SeverityNames)}");
        if (!call.QueryTime("fromUtcTime").TryGet(out var from, out error)) return error;
        if (!call.QueryTime("toUtcTime").TryGet(out var to, out error)) return error;
        if (!ReadTransaction(call).TryGet(out var transaction, out error)) return error;
        if (!ReadCursor(call, AuditPosition.ListingOf(tenant, entity)).TryGet(out var after, out error)) return error;
        if (!call.QueryInt("limit", LimitDefault, 1, LimitMax).TryGet(out var limit, out error)) return error;
        return new AuditQuery(kinds, severity, from, to, transaction, after, limit);
    }

    public bool Wants(AuditItem item) =>
        (Kinds is null || Kinds.Contains(item.Kind)) && (Severity is null || Severity == item.Severity)
            && (After is not { } after || item.Position.IsBehind(after));

    public bool Wants(EntityRevision revision) =>
        !(revision.ChangedAt < From) && !(revision.ChangedAt >= To) && (Transaction is not { } commit || revision.Commit == commit);

    /// <summary>Several by repetition, as in the API contract, or separated by commas.</summary>
    private static Result<HashSet<string>?> ReadKinds(ApiCall call)
    {
        if (!call.Http.Request.Query.TryGetValue("eventType", out var sent)) return (HashSet<string>?)null;
        var kinds = sent.SelectMany(one => (one ?? "").Split(',')).ToHashSet(StringComparer.Ordinal);
        return kinds.All(KindNames.Contains) ? kinds
            : ApiErrors.QueryValue("eventType", $"one or several of {string.Join(", ", KindNames)}");
    }

    private static Result<CommitId?> ReadTransaction(ApiCall call)
    {
        if (!call.Query("transactionId").TryGet(out var text, out var error)) return error;
        if (text is null) return (CommitId?)null;
        return Guid.TryParseExact(text, "D", out var id) ? new CommitId(id) : ApiErrors.QueryValue("transactionId", "a UUID");
    }

    private static Result<AuditPosition?> ReadCursor(ApiCall call, string listing)
    {
        if (!call.Query("cursor").TryGet(out var text, out var error)) return error;
        if (text is null) return (AuditPosition?)null;
        return AuditPosition.TryRead(listing, text, out var position) ? position : ResourceErrors.BadCursor;
    }
}

/// <summary>
/// An event's position: newest commits first; within a commit first the change, then the workflow's steps, last step first.
/// </summary>
internal readonly record struct AuditPosition(Revision Revision, int Index)
{
    private const int Bytes = sizeof(long) + sizeof(int);

    public bool IsBehind(AuditPosition other) =>
        Revision.Value < other.Revision.Value || (Revision == other.Revision && Index > other.Index);

    public static string ListingOf(TenantId tenant, EntityId entity) => $"audit/{tenant}/{entity}";

    public static bool TryRead(string listing, string cursor, out AuditPosition position)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        position = default;
        if (!ListCursor.TryRead(listing, cursor, bytes)) return false;
        position = new AuditPosition(new Revision(BinaryPrimitives.ReadInt64BigEndian(bytes)),
            BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(long)..]));
        return position is { Revision.Value: > 0 and < long.MaxValue, Index: >= 0 };
    }

    public string ToCursor(string listing)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Revision.Value);
        BinaryPrimitives.WriteInt32BigEndian(bytes[sizeof(long)..], Index);
        return ListCursor.Write(listing, bytes);
    }
}
