using Strata.Entities.Log;
using Strata.Core;

namespace Strata.Storage.Memory;

/// <summary>The holders of unique keys' values in one tenant. Guarded by the tenant's lock.</summary>
internal sealed class MemoryClaims
{
    private readonly Dictionary<(string Model, UniqueClaim Claim), EntityId> holders = [];
    private readonly Dictionary<EntityId, List<(string Model, UniqueClaim Claim)>> held = [];

    public EntityId? HolderOf(string model, UniqueClaim claim) => holders.TryGetValue((model, claim), out var holder) ? holder : null;

    public IEnumerable<(string Model, UniqueClaim Claim, EntityId Holder)> All() =>
        holders.Select(h => (h.Key.Model, h.Key.Claim, h.Value));

    /// <summary>Takes a value that is free, as recorded in the history.</summary>
    public void Put(string model, UniqueClaim claim, EntityId holder)
    {
        holders.Add((model, claim), holder);
        if (!held.TryGetValue(holder, out var keys)) held.Add(holder, keys = []);
        keys.Add((model, claim));
    }

    /// <summary>The first claim that another entity would still hold after the commit.</summary>
    public AppendOutcome.Duplicate? FindDuplicate(IReadOnlyList<EntityWrite> writes)
    {
        if (writes.All(w => w.Claims is null or [])) return null;
        var releasing = writes.Where(Releases).Select(w => w.Id).ToHashSet();
        var taken = new HashSet<(string, UniqueClaim)>();
        foreach (var (write, claim) in Claimed(writes))
        {
            var key = (write.Model.Name, claim);
            var heldByOther = holders.TryGetValue(key, out var holder) && !releasing.Contains(holder);
            if (heldByOther || !taken.Add(key)) return new AppendOutcome.Duplicate(write.Id, claim);
        }
        return null;
    }

    public void Take(IReadOnlyList<EntityWrite> writes)
    {
        foreach (var write in writes.Where(Releases)) Release(write.Id);
        foreach (var (write, claim) in Claimed(writes))
        {
            holders.Add((write.Model.Name, claim), write.Id);
            if (!held.TryGetValue(write.Id, out var keys)) held.Add(write.Id, keys = []);
            keys.Add((write.Model.Name, claim));
        }
    }

    private static bool Releases(EntityWrite write) => write.Delete || write.Claims is not null;

    private static IEnumerable<(EntityWrite Write, UniqueClaim Claim)> Claimed(IReadOnlyList<EntityWrite> writes) =>
        writes.Where(w => !w.Delete).SelectMany(w => (w.Claims ?? []).Distinct().Select(c => (w, c)));

    private void Release(EntityId id)
    {
        if (!held.Remove(id, out var keys)) return;
        foreach (var key in keys) holders.Remove(key);
    }
}
