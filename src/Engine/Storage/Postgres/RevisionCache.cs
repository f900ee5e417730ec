using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Recently read revisions. A read sends the database the cached one, and if that is still current, the response says only that, which
/// saves little of the cost of a small document and nearly all of a large one's. Nothing is answered from here that the database has not
/// confirmed in that very read. What identifies a revision is its commit's id, which is never given out twice, not even by a database
/// restored from a copy.
/// </summary>
/// <remarks>
/// Two generations, each up to half of the bound: what is used moves to the young one, and when that is full it becomes the old one. Safe
/// for concurrent use.
/// </remarks>
/// <param name="bytesMax">About so much is held; 0: nothing.</param>
internal sealed class RevisionCache(long bytesMax)
{
    /// <summary>Of one entity, the newest.</summary>
    private const int RevisionsMax = 8;

    /// <summary>About what a revision takes beside its document and its words.</summary>
    private const int Overhead = 512;

    private readonly Lock turning = new();
    private volatile ConcurrentDictionary<(TenantId, EntityId), EntityRevision[]> young = new();
    private volatile ConcurrentDictionary<(TenantId, EntityId), EntityRevision[]> old = new();
    private long youngBytes;

    /// <summary>The newest revision held that could answer the read.</summary>
    public EntityRevision? Guess(ReadKey key)
    {
        var held = Find((key.Tenant, key.Id));
        for (var i = held.Length - 1; i >= 0; i--)
            if (key.Admits(held[i])) return held[i];
        return null;
    }

    /// <summary>Holds it, unless it is so large that it would push out much else.</summary>
    public void Add(EntityRevision revision)
    {
        if (SizeOf(revision) > bytesMax / 16) return;
        young.AddOrUpdate(
            (revision.Tenant, revision.Id), static (_, added) => [added], static (_, held, added) => With(held, added), revision);
        Grow(SizeOf(revision));
    }

    /// <summary>The cached revision of an entity no longer exists: it need not stay in memory.</summary>
    public void Forget(TenantId tenant, EntityId id)
    {
        young.TryRemove((tenant, id), out _);
        old.TryRemove((tenant, id), out _);
    }

    private EntityRevision[] Find((TenantId, EntityId) entity)
    {
        if (young.TryGetValue(entity, out var held)) return held;
        if (!old.TryGetValue(entity, out held)) return [];
        if (young.TryAdd(entity, held)) Grow(held.Sum(SizeOf));
        return held;
    }

    private void Grow(long bytes)
    {
        if (Interlocked.Add(ref youngBytes, bytes) <= bytesMax / 2) return;
        lock (turning)
        {
            if (Interlocked.Read(ref youngBytes) <= bytesMax / 2) return; // another turned meanwhile
            old = young;
            young = new();
            Interlocked.Exchange(ref youngBytes, 0);
        }
    }

    private static EntityRevision[] With(EntityRevision[] held, EntityRevision added)
    {
        var at = held.Length;
        while (at > 0 && held[at - 1].Revision.Value > added.Revision.Value) at--;
        if (at > 0 && held[at - 1].Commit == added.Commit) return held;
        EntityRevision[] all = [.. held.AsSpan(0, at), added, .. held.AsSpan(at)];
        return all.Length <= RevisionsMax ? all : all[1..];
    }

    private static long SizeOf(EntityRevision revision) => Overhead + revision.Document.Utf8.Length + sizeof(char) * (
        revision.Model.Name.Length + revision.State.Length + revision.ChangedBy.Length + (revision.Transition?.Length ?? 0));
}
