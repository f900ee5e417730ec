using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>Called for each change of a view, in order and under its lock: quick, and without calling the view.</summary>
/// <param name="was">Null: it was not there.</param>
/// <param name="now">Null: it is there no more.</param>
public delegate void ViewChanged(EntityRevision? was, EntityRevision? now);

/// <summary>
/// What is known of one kind's resources, with its indexes. Invariants: an older revision never replaces a newer one; a resource is in each
/// index exactly under the keys of the revision that is kept; while a listing runs, what was changed or deleted since its beginning is not
/// put back by it; one whose index keys cannot be worked out is kept out and reported. A change costs the same regardless of the number of
/// resources. Bounded by what exists: each document is kept once, as it was read. Safe for concurrent use.
/// </summary>
internal sealed class InformerView
{
    /// <summary>Of what is kept beside a document, roughly: the revision, its key and its place in an index or two.</summary>
    private const int BytesBeside = 512;

    /// <summary>Every resource of an organization.</summary>
    private static readonly InformerIndex ByTenant = new("tenant", static _ => [""]);

    private readonly Lock gate = new();
    private readonly Dictionary<ResourceKey, EntityRevision> items = [];
    private readonly Dictionary<InformerIndex, Dictionary<(TenantId, string), HashSet<ResourceKey>>> indexes;
    private readonly List<ViewChanged> observers = [];
    private readonly Action<EntityRevision, Exception> unreadable;

    /// <summary>Of the running listing: what it has brought or what was changed meanwhile. Null: no listing is running.</summary>
    private Dictionary<ResourceKey, Revision>? seen;
    private long documentBytes;

    public InformerView(IEnumerable<InformerIndex> indexes, Action<EntityRevision, Exception> unreadable)
    {
        this.unreadable = unreadable;
        this.indexes = indexes.Prepend(ByTenant).Distinct()
            .ToDictionary(i => i, _ => new Dictionary<(TenantId, string), HashSet<ResourceKey>>());
    }

    public int Count
    {
        get { lock (gate) return items.Count; }
    }

    /// <summary>Memory, roughly.</summary>
    public long Bytes
    {
        get { lock (gate) return documentBytes + (long)items.Count * BytesBeside; }
    }

    public EntityRevision? Get(ResourceKey key)
    {
        lock (gate) return items.GetValueOrDefault(key);
    }

    /// <summary>Those of all organizations, or of one.</summary>
    public EntityRevision[] All(TenantId? tenant)
    {
        if (tenant is { } one) return Find(ByTenant, one, "");
        lock (gate) return [.. items.Values];
    }

    public ResourceKey[] Keys()
    {
        lock (gate) return [.. items.Keys];
    }

    /// <summary>What an index holds under a key; in no order. Costs what it returns.</summary>
    /// <param name="tenant">Ignored by an index over all organizations.</param>
    public EntityRevision[] Find(InformerIndex index, TenantId tenant, string key)
    {
        if (!indexes.TryGetValue(index, out var buckets))
            throw new ArgumentException($"The index \"{index.Name}\" was not declared for this kind.", nameof(index));
        lock (gate)
        {
            if (!buckets.TryGetValue((index.IsGlobal ? default : tenant, key), out var bucket)) return [];
            var found = new EntityRevision[bucket.Count];
            var next = 0;
            foreach (var member in bucket) found[next++] = items[member];
            return found;
        }
    }

    /// <summary>All that can meet a condition, by an index where one fits; the condition itself is still to be evaluated.</summary>
    public EntityRevision[] Candidates(TenantId? tenant, Condition? where)
    {
        if (where is null) return All(tenant);
        foreach (var index in indexes.Keys)
        {
            if ((index.IsGlobal || tenant is not null) && index.KeyOf(where) is { } key)
                return [.. Find(index, tenant ?? default, key).Where(r => tenant is null || r.Tenant == tenant)];
        }
        return All(tenant);
    }

    /// <summary>Reports everything that exists, and then each change.</summary>
    public void Observe(ViewChanged observer)
    {
        lock (gate)
        {
            foreach (var item in items.Values) observer(null, item);
            observers.Add(observer);
        }
    }

    /// <summary>A change, in the order of its log.</summary>
    /// <param name="isReadable">False: it is kept out, and what was known of it is dropped.</param>
    public void Apply(EntityRevision change, bool isReadable = true)
    {
        lock (gate)
        {
            var key = new ResourceKey(change.Tenant, change.Id);
            var was = items.GetValueOrDefault(key);
            if (was is not null && was.Revision >= change.Revision) return;
            if (seen is not null) seen[key] = change.Revision;
            Set(key, was, change.Deleted || !isReadable ? null : change);
        }
    }

    public void BeginListing()
    {
        lock (gate) seen = [];
    }

    /// <summary>What the listing has found, perhaps a while ago.</summary>
    public void Listed(EntityRevision found)
    {
        lock (gate)
        {
            var key = new ResourceKey(found.Tenant, found.Id);
            if (seen!.TryGetValue(key, out var known) && known >= found.Revision) return;
            seen[key] = found.Revision;
            var was = items.GetValueOrDefault(key);
            if (was is null || was.Revision < found.Revision) Set(key, was, found);
        }
    }

    /// <summary>Drops what was neither listed nor changed since the listing began: it is gone, and that was missed.</summary>
    public void EndListing()
    {
        lock (gate)
        {
            foreach (var key in items.Keys.Where(k => !seen!.ContainsKey(k)).ToList()) Set(key, items[key], null);
            seen = null;
        }
    }

    private void Set(ResourceKey key, EntityRevision? was, EntityRevision? now)
    {
        if (now is not null && !HasKeys(now)) now = null;
        if (was is null && now is null) return;
        if (was is not null) documentBytes -= was.Document.Utf8.Length;
        if (now is not null) documentBytes += now.Document.Utf8.Length;
        if (now is null) items.Remove(key);
        else items[key] = now;
        foreach (var (index, buckets) in indexes) Reindex(index, buckets, key, was, now);
        foreach (var observer in observers) observer(was, now);
    }

    /// <summary>Before anything changes, so that a change is made whole or not at all.</summary>
    private bool HasKeys(EntityRevision revision)
    {
        try
        {
            foreach (var index in indexes.Keys) index.KeysOf(revision);
            return true;
        }
        catch (Exception e)
        {
            unreadable(revision, e);
            return false;
        }
    }

    private static void Reindex(
        InformerIndex index, Dictionary<(TenantId, string), HashSet<ResourceKey>> buckets, ResourceKey key, EntityRevision? was,
        EntityRevision? now)
    {
        IReadOnlyList<string> before = was is null ? [] : index.KeysOf(was), after = now is null ? [] : index.KeysOf(now);
        var tenant = index.IsGlobal ? default : key.Tenant;
        foreach (var text in before)
        {
            if (after.Contains(text) || !buckets.TryGetValue((tenant, text), out var bucket)) continue;
            bucket.Remove(key);
            if (bucket.Count == 0) buckets.Remove((tenant, text));
        }
        foreach (var text in after)
        {
            if (!buckets.TryGetValue((tenant, text), out var bucket)) buckets[(tenant, text)] = bucket = [];
            bucket.Add(key);
        }
    }
}
