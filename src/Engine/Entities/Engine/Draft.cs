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

    /// <summary>As it is in the middle of its change, while a member is asked about it; null: it is not.</summary>
    public EntityRevision? InWork { get; set; }

    /// <summary>
    /// What was armed before the first commit in the middle of the change, to be put back at its end; null: there was no such commit.
    /// </summary>
    public IReadOnlyList<ScheduledTransition>? Armed { get; set; }

    /// <summary>The state in which that was armed; null: the entity is new.</summary>
    public string? ArmedIn { get; set; }

    /// <summary>
    /// A bit for each depth of requests that wrote it: 0 is who began the transaction, the others are members that joined.
    /// </summary>
    public uint WrittenBy { get; set; }

    /// <summary>Whether it is what was asked for, and not only what members that joined did beside it.</summary>
    public bool IsAsked => (WrittenBy & 1) != 0;

    /// <summary>As it was written last; deleted, where it was.</summary>
    public EntityRevision Written => Current ?? Last! with { Deleted = true };

    /// <summary>All that can be gone back to until the next commit.</summary>
    public DraftState State
    {
        get => new(Current, Last, IsWritten, WrittenBy, Admitted, Claims, Schedules, audit.Count);
        set
        {
            (Current, Last, IsWritten, WrittenBy, Admitted, Claims, Schedules) = (
                value.Current, value.Last, value.IsWritten, value.WrittenBy, value.Admitted, value.Claims, value.Schedules);
            audit.RemoveRange(value.AuditCount, audit.Count - value.AuditCount);
        }
    }

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

    public void Write(EntityRevision next, IReadOnlyList<AuditEvent> events, IReadOnlyList<UniqueClaim>? claims,
        IReadOnlyList<ScheduledTransition>? schedules)
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

    /// <summary>Turns what was written into what was read: the transaction may continue from here.</summary>
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
        (Claims, Schedules, IsWritten, WrittenBy) = (null, null, false, 0);
        (Expected, Last) = (write.Delete ? Revision.None : outcome.Revision, revision);
        Current = write.Delete ? null : revision;
        return revision;
    }
}

/// <summary>One entity inside a transaction at one moment.</summary>
internal readonly record struct DraftState(
    EntityRevision? Current, EntityRevision? Last, bool IsWritten, uint WrittenBy, ReadOnlyMemory<byte> Admitted,
    IReadOnlyList<UniqueClaim>? Claims,
    IReadOnlyList<ScheduledTransition>? Schedules, int AuditCount);
