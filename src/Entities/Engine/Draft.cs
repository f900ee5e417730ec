using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>One entity inside a transaction: as it was read, and what has become of it since. Not for concurrent use.</summary>
internal sealed class Draft(EntityId id, EntityRevision? read)
{
    private readonly List<AuditEvent> audit = [];

    public EntityId Id { get; } = id;

    /// <summary>As the transaction sees it; null: it does not exist, or no longer.</summary>
    public EntityRevision? Current { get; private set; } = read;

    /// <summary>The revision that the log must still have.</summary>
    public Revision Expected { get; private set; } = read?.Revision ?? Revision.None;

    public bool IsWritten { get; private set; }

    /// <summary>The document that is known to fit the model: the last one checked, or the one that was read.</summary>
    public ReadOnlyMemory<byte> Admitted { get; set; } = read?.Document.Utf8 ?? default;

    private EntityRevision? Last { get; set; } = read;
    private IReadOnlyList<UniqueClaim>? Claims { get; set; }
    private IReadOnlyList<ScheduledTransition>? Schedules { get; set; }

    /// <summary>Whether there is anything to write: not for an entity that was created and deleted again.</summary>
    public bool MustAppend => IsWritten && (Current is not null || Expected != Revision.None);

    public IEnumerable<UniqueClaim> NewClaims => Current is null ? [] : Claims ?? [];

    public void Write(EntityRevision next, IReadOnlyList<AuditEvent> events, IReadOnlyList<UniqueClaim>? claims, IReadOnlyList<ScheduledTransition>? schedules)
    {
        (Current, Last, IsWritten) = (next, next, true);
        (Claims, Schedules) = (claims ?? Claims, schedules ?? Schedules);
        audit.AddRange(events);
    }

    public void Delete(IReadOnlyList<AuditEvent> events)
    {
        (Current, IsWritten) = (null, true);
        audit.AddRange(events);
    }

    public EntityExpectation ToRead() => new(Id, Expected);

    public EntityWrite ToWrite(AuditEvent? request) => new()
    {
        Id = Id,
        Model = Last!.Model,
        Expected = Expected,
        State = Last.State,
        Document = Last.Document,
        Delete = Current is null,
        Transition = Last.Transition,
        Audit = request is null ? [.. audit] : [.. audit, request],
        Claims = Claims,
        Schedules = Schedules,
    };

    /// <summary>Turns what was written into what was read: the transaction may go on from here.</summary>
    /// <returns>The revision as the log holds it.</returns>
    public EntityRevision Committed(Commit commit, EntityWrite write, AppendOutcome.Committed outcome)
    {
        var isNew = Expected == Revision.None;
        var revision = Last! with
        {
            Revision = outcome.Revision,
            Commit = commit.Id,
            CreatedAt = isNew ? outcome.At : Last!.CreatedAt,
            ChangedAt = outcome.At,
            ChangedBy = commit.By,
            Deleted = write.Delete,
            Audit = write.Audit,
        };
        audit.Clear();
        (Claims, Schedules, IsWritten) = (null, null, false);
        (Expected, Last) = (write.Delete ? Revision.None : outcome.Revision, revision);
        Current = write.Delete ? null : revision;
        return revision;
    }
}
