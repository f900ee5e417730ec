using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

internal sealed partial class MemoryTenant
{
    public SupersededPage Superseded(Superseded asked, bool drops)
    {
        lock (gate)
        {
            var entities = histories.Where(
                h => h.Value[^1].Model == asked.Model && (asked.After is not { } after || h.Key.Value.CompareTo(after.Value) > 0))
                .OrderBy(h => h.Key.Value).Take(IRetention.EntitiesMax).ToList();
            var found = entities.SelectMany(e => OldestOf(e.Value, asked)).Take(asked.Limit).ToHashSet(ReferenceEqualityComparer.Instance);
            if (drops) Forget(found);
            if (found.Count == asked.Limit) return new SupersededPage(found.Count, IsLast: false, asked.After);
            var isLast = entities.Count < IRetention.EntitiesMax;
            return new SupersededPage(found.Count, isLast, isLast ? null : entities[^1].Key);
        }
    }

    private static List<EntityRevision> OldestOf(List<EntityRevision> history, Superseded asked)
    {
        var old = history.GetRange(0, Math.Max(0, history.FindLastIndex(r => r.ChangedAt <= asked.Horizon)));
        return old.TrueForAll(r => r.Model == asked.Model) ? old : [];
    }

    private void Forget(HashSet<object?> gone)
    {
        if (gone.Count == 0) return;
        foreach (var id in gone.Cast<EntityRevision>().Select(r => r.Id).Distinct()) histories[id].RemoveAll(gone.Contains);
        var shift = 0;
        for (var commit = 0; commit < starts.Count; commit++)
        {
            var end = EndOf(commit);
            // its first write finds a commit
            if (starts[commit] < end && gone.Contains(log[starts[commit]])) commits.Remove(log[starts[commit]].Commit);
            var dropped = log.GetRange(starts[commit], end - starts[commit]).Count(gone.Contains);
            starts[commit] -= shift;
            shift += dropped;
        }
        log.RemoveAll(gone.Contains);
    }
}
