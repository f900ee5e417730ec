using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Tests.Properties;

/// <summary>
/// What a log must have done, worked out one commit after the other: snapshot isolation with first committer wins, by the log's own order.
/// </summary>
internal sealed class HistoryModel
{
    private readonly Dictionary<EntityId, List<EntityRevision>> histories = [];

    /// <summary>Replays a whole log and demands that each commit was legal where it stands.</summary>
    public HistoryModel(IReadOnlyList<EntityRevision> log, IReadOnlyDictionary<CommitId, Commit> asked)
    {
        var last = DateTimeOffset.MinValue;
        var commits = log.GroupBy(r => r.Revision).ToList();
        Assert.Equal(Enumerable.Range(1, commits.Count).Select(r => (long)r), commits.Select(c => c.Key.Value));
        foreach (var rows in commits)
        {
            var commit = asked[rows.First().Commit];
            Assert.Equal(commit.Writes.Select(w => w.Id), rows.Select(r => r.Id));
            foreach (var write in commit.Writes) Assert.Equal(write.Expected, Current(write.Id));
            foreach (var read in commit.Reads) Assert.Equal(read.Expected, Current(read.Id));
            var at = Assert.Single(rows.Select(r => r.ChangedAt).Distinct());
            Assert.True(at >= last, $"time went back at revision {rows.Key}");
            last = at;
            foreach (var row in rows) Keep(row);
        }
    }

    public IEnumerable<EntityId> Entities => histories.Keys;

    public EntityRevision? At(EntityId id, Revision revision) => Living(id, r => r.Revision <= revision);

    public EntityRevision? At(EntityId id, DateTimeOffset time) => Living(id, r => r.ChangedAt <= time);

    /// <summary>A refusal needs a reason: some revision of the entity that is not the expected one.</summary>
    public bool MayConflict(EntityId id, Revision expected) =>
        histories.TryGetValue(id, out var history) && history.Any(r => r.Revision > expected);

    private EntityRevision? Living(EntityId id, Func<EntityRevision, bool> isBefore) =>
        histories.TryGetValue(id, out var history) && history.LastOrDefault(isBefore) is { Deleted: false } found ? found : null;

    private Revision Current(EntityId id) => At(id, new Revision(long.MaxValue))?.Revision ?? Revision.None;

    private void Keep(EntityRevision row)
    {
        if (!histories.TryGetValue(row.Id, out var history)) histories.Add(row.Id, history = []);
        history.Add(row);
    }
}
