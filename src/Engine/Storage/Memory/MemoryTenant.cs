using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>
/// One tenant's log in memory. Invariant: <c>log</c> holds the revisions in commit order, and <c>starts[r - 1]</c> is where commit r begins
/// in it; an entity's history holds the same objects. A refused commit leaves everything as it was.
/// </summary>
internal sealed partial class MemoryTenant(TenantId id)
{
    private readonly Lock gate = new();
    private readonly List<EntityRevision> log = [];
    private readonly List<int> starts = [];
    private readonly Dictionary<EntityId, List<EntityRevision>> histories = [];
    private readonly Dictionary<CommitId, AppendOutcome.AlreadyCommitted> commits = [];
    private readonly MemoryClaims claims = new();
    private readonly Dictionary<EntityId, IReadOnlyList<ScheduledTransition>> schedules = [];
    private DateTimeOffset lastAt;
    private DateTimeOffset? closedUntil;

    public TenantId Id => id;

    public Revision Head
    {
        get { lock (gate) return new Revision(starts.Count); }
    }

    public AppendOutcome Append(Commit commit, DateTimeOffset now)
    {
        lock (gate)
        {
            if (commits.TryGetValue(commit.Id, out var first)) return first;
            if (closedUntil > now && commit.WritesUsersData) return new AppendOutcome.Importing();
            if (FindConflict(commit) is { } moved) return new AppendOutcome.Conflict(moved);
            if (claims.FindDuplicate(commit.Writes) is { } duplicate) return duplicate;
            var written = Write(commit, now);
            commits[commit.Id] = new AppendOutcome.AlreadyCommitted(written.Revision, written.At);
            return written;
        }
    }

    public AppendOutcome.AlreadyCommitted? FindOutcome(CommitId commit)
    {
        lock (gate) return commits.GetValueOrDefault(commit);
    }

    public Revision? Find(CommitId commit) => FindOutcome(commit)?.Revision;

    public EntityRevision? Read(EntityId entity, AsOf asOf)
    {
        lock (gate) return histories.TryGetValue(entity, out var history) ? Living(history, asOf) : null;
    }

    public EntityId? Find(string model, UniqueClaim claim)
    {
        lock (gate) return claims.HolderOf(model, claim);
    }

    /// <summary>The entities that live as of then, in no order.</summary>
    public IReadOnlyList<EntityRevision> Snapshot(AsOf asOf)
    {
        lock (gate) return [.. histories.Values.Select(h => Living(h, asOf)).OfType<EntityRevision>()];
    }

    /// <summary>The last revisions of entities that were deleted, in no order.</summary>
    public IReadOnlyList<EntityRevision> Deleted()
    {
        lock (gate) return [.. histories.Values.Select(h => h[^1]).Where(r => r.Deleted).Select(WithoutAudit)];
    }

    public IReadOnlyList<EntityRevision> History(EntityId entity, Revision? before)
    {
        lock (gate)
        {
            if (!histories.TryGetValue(entity, out var history)) return [];
            return [.. history.AsEnumerable().Reverse().Where(r => before is null || r.Revision < before)];
        }
    }

    public FollowPage Follow(Follow follow)
    {
        lock (gate)
        {
            var found = new List<EntityRevision>();
            var bytes = 0L;
            var next = (int)Math.Min(follow.After.Value, starts.Count);
            for (; next < starts.Count; next++)
            {
                var commit = log[starts[next]..EndOf(next)].Where(r => follow.Models.Wants(r.Model))
                    .Select(r => follow.WithAudit ? r : WithoutAudit(r)).ToList();
                bytes += commit.Sum(r => (long)r.Document.Utf8.Length);
                if (found.Count > 0 && (found.Count + commit.Count > follow.Limit || bytes > Entities.Log.Follow.BytesMax)) break;
                found.AddRange(commit);
            }
            return new FollowPage(found, new Revision(Math.Max(next, follow.After.Value)));
        }
    }

    public IReadOnlyList<ScheduledTransition> Schedules(EntityId entity)
    {
        lock (gate) return schedules.GetValueOrDefault(entity) ?? [];
    }

    /// <summary>All that are armed.</summary>
    public IReadOnlyList<DueTransition> Schedules()
    {
        lock (gate) return [.. schedules.SelectMany(s => s.Value.Select(t => new DueTransition(id, s.Key, t)))];
    }

    private int EndOf(int commitIndex) => commitIndex + 1 < starts.Count ? starts[commitIndex + 1] : log.Count;

    private static EntityRevision? Living(List<EntityRevision> history, AsOf asOf)
    {
        var last = history.FindLast(
            r => (asOf.Revision is not { } revision || r.Revision <= revision) && (asOf.Time is not { } at || r.ChangedAt <= at));
        return last is null or { Deleted: true } ? null : WithoutAudit(last);
    }

    private static EntityRevision WithoutAudit(EntityRevision revision) => revision.Audit.Count == 0
        ? revision : revision with { Audit = [] };

    private Revision Current(EntityId entity) =>
        histories.TryGetValue(entity, out var history) && history[^1] is { Deleted: false } last ? last.Revision : Revision.None;

    private EntityId? FindConflict(Commit commit)
    {
        foreach (var write in commit.Writes)
            if (Current(write.Id) != write.Expected) return write.Id;
        foreach (var read in commit.Reads)
            if (Current(read.Id) != read.Expected) return read.Id;
        return null;
    }

    private AppendOutcome.Committed Write(Commit commit, DateTimeOffset now)
    {
        var at = StoreTime.Truncate(now);
        lastAt = at > lastAt ? at : lastAt;
        var revision = new Revision(starts.Count + 1);
        starts.Add(log.Count);
        claims.Take(commit.Writes);
        foreach (var write in commit.Writes)
        {
            Keep(ToRevision(commit, write, revision));
            Arm(write);
        }
        return new AppendOutcome.Committed(revision, lastAt);
    }

    private void Keep(EntityRevision revision)
    {
        log.Add(revision);
        if (!histories.TryGetValue(revision.Id, out var history)) histories.Add(revision.Id, history = []);
        history.Add(revision);
    }

    private void Arm(EntityWrite write)
    {
        if (write.Delete) schedules.Remove(write.Id);
        else if (write.Schedules is { } armed) schedules[write.Id] = [.. armed];
    }

    private EntityRevision ToRevision(Commit commit, EntityWrite write, Revision revision) => new()
    {
        Tenant = id,
        Id = write.Id,
        Model = write.Model,
        Revision = revision,
        Commit = commit.Id,
        State = write.State,
        Document = write.Document,
        CreatedAt = write.Expected == Revision.None ? lastAt : histories[write.Id][^1].CreatedAt,
        ChangedAt = lastAt,
        ChangedBy = commit.By,
        Transition = write.Transition,
        Deleted = write.Delete,
        Audit = [.. write.Audit],
    };
}
