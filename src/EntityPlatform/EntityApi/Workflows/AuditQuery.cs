using System.Globalization;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Workflows;

/// <summary>Which audit events are asked for, and from where on.</summary>
/// <param name="Kinds">Null: all.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="After">The last event of the page before; null: from the newest.</param>
internal sealed record AuditQuery(
    HashSet<string>? Kinds, string? Severity, DateTimeOffset? From, DateTimeOffset? To, CommitId? Transaction, AuditPosition? After, int Limit)
{
    public const int LimitMax = 1000;

    public static readonly Parameter[] Parameters =
    [
        Parameter.Query("eventType", "Kinds of events: may be given several times.", Schemas.List(Schemas.OneOf(AuditItem.EntityChange, AuditItem.StateMachine, "System"))),
        Parameter.Query("severity", "Events of this severity only.", Schemas.OneOf("ERROR", "INFO", "WARN", "DEBUG")),
        Parameter.Query("fromUtcTime", "Not before this time (RFC 3339).", Schemas.Time()),
        Parameter.Query("toUtcTime", "Before this time (RFC 3339).", Schemas.Time()),
        Parameter.Query("transactionId", "Of this transaction only.", Schemas.Uuid()),
        Parameter.Query("cursor", "The nextCursor of the page before.", Schemas.Text()),
        Parameter.Query("limit", "Events at most.", Schemas.Integer(1, LimitMax)),
    ];

    private const int LimitDefault = 20;

    private static readonly string[] KindNames = [AuditItem.EntityChange, AuditItem.StateMachine, "System"];
    private static readonly string[] SeverityNames = ["ERROR", "INFO", "WARN", "DEBUG"];

    public static Result<AuditQuery> Read(ApiCall call)
    {
        if (!ReadKinds(call).TryGet(out var kinds, out var error)) return error;
        if (!call.Query("severity").TryGet(out var severity, out error)) return error;
        if (severity is not null && !SeverityNames.Contains(severity))
            return ApiErrors.Query("severity", $"must be one of {string.Join(", ", SeverityNames)}.");
        if (!call.QueryTime("fromUtcTime").TryGet(out var from, out error)) return error;
        if (!call.QueryTime("toUtcTime").TryGet(out var to, out error)) return error;
        if (!ReadTransaction(call).TryGet(out var transaction, out error)) return error;
        if (!ReadCursor(call).TryGet(out var after, out error)) return error;
        if (!call.QueryInt("limit", LimitDefault, 1, LimitMax).TryGet(out var limit, out error)) return error;
        return new AuditQuery(kinds, severity, from, to, transaction, after, limit);
    }

    public bool Wants(AuditItem item) =>
        (Kinds is null || Kinds.Contains(item.Kind)) && (Severity is null || Severity == item.Severity) && (After is not { } after || item.Position.IsBehind(after));

    public bool Wants(EntityRevision revision) =>
        !(revision.ChangedAt < From) && !(revision.ChangedAt >= To) && (Transaction is not { } commit || revision.Commit == commit);

    /// <summary>Several by repetition, as the contract says, or with commas between them.</summary>
    private static Result<HashSet<string>?> ReadKinds(ApiCall call)
    {
        if (!call.Http.Request.Query.TryGetValue("eventType", out var sent)) return (HashSet<string>?)null;
        var kinds = sent.SelectMany(one => (one ?? "").Split(',')).ToHashSet(StringComparer.Ordinal);
        return kinds.All(KindNames.Contains) ? kinds : ApiErrors.Query("eventType", $"must be one or several of {string.Join(", ", KindNames)}.");
    }

    private static Result<CommitId?> ReadTransaction(ApiCall call)
    {
        if (!call.Query("transactionId").TryGet(out var text, out var error)) return error;
        if (text is null) return (CommitId?)null;
        return Guid.TryParseExact(text, "D", out var id) ? new CommitId(id) : EntityApiErrors.BadRequest("transactionId must be a UUID.");
    }

    private static Result<AuditPosition?> ReadCursor(ApiCall call)
    {
        if (!call.Query("cursor").TryGet(out var text, out var error)) return error;
        if (text is null) return (AuditPosition?)null;
        return AuditPosition.TryParse(text, out var position) ? position : EntityApiErrors.BadRequest("The cursor is not one that this list gave out.");
    }
}

/// <summary>Where an event stands: newest commits first; in each first the change, then the workflow's steps, the last one first.</summary>
internal readonly record struct AuditPosition(Revision Revision, int Index)
{
    public bool IsBehind(AuditPosition other) => Revision.Value < other.Revision.Value || (Revision == other.Revision && Index > other.Index);

    public static bool TryParse(string text, out AuditPosition position)
    {
        position = default;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || !long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var revision)) return false;
        if (revision is < 1 or long.MaxValue) return false;
        if (!int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;
        position = new AuditPosition(new Revision(revision), index);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Revision.Value}-{Index}");
}
