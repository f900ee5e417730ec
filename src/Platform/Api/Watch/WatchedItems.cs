using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Watch;

/// <summary>
/// What a watch remembers of the items that it sent: nothing where every change is sent; where there is a filter, which items meet it, to
/// say which of them no longer do, whether the filter is the request's or what its reader may see: at most <see cref="CountMax"/>, but for
/// the cloud's own parts and operators, which watch all organizations. For one reader at a time.
/// </summary>
internal sealed class WatchedItems(bool hasFilter, bool isOfOneLog)
{
    /// <summary>About 4 MB.</summary>
    public const int CountMax = 50_000;

    private readonly HashSet<ResourceKey> matching = [];

    /// <summary>Remembered at the moment.</summary>
    public int Count => matching.Count;

    /// <summary>The filter has more matches than are remembered: it cannot continue.</summary>
    public bool IsFull => isOfOneLog && Count > CountMax;

    public void Listed(EntityRevision item)
    {
        if (hasFilter) matching.Add(new ResourceKey(item.Tenant, item.Id));
    }

    /// <returns>Whether the change is to be sent: as an item, or as one that is gone where it does not match.</returns>
    public bool IsToSend(EntityRevision change, bool matches)
    {
        if (!hasFilter) return true;
        var key = new ResourceKey(change.Tenant, change.Id);
        if (!matches) return matching.Remove(key);
        matching.Add(key);
        return true;
    }
}
