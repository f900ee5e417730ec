using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// Documents in the log that this program cannot read as what they should be. Listings pass over them, because one must not end everybody's
/// listing; here they are counted and reported once each. Bounded; safe for concurrent use.
/// </summary>
public sealed class UnreadableDocuments
{
    private const int KnownMax = 1000;

    private readonly ConcurrentDictionary<(TenantId, EntityId), Revision> known = new();

    /// <summary>Called once for each document, at its first revision that cannot be read.</summary>
    public event Action<EntityRevision, Exception>? Found;

    /// <summary>How many are known; they count until the program ends, or until they can be read again.</summary>
    public int Count => known.Count;

    public void Add(EntityRevision revision, Exception why)
    {
        if (known.Count < KnownMax && known.TryAdd((revision.Tenant, revision.Id), revision.Revision)) Found?.Invoke(revision, why);
    }

    public void Remove(EntityRevision revision)
    {
        if (!known.IsEmpty) known.TryRemove((revision.Tenant, revision.Id), out _);
    }
}
