using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Watch;

/// <summary>
/// What a watch remembers of the items that it sent. While changes may arrive that the list had already: each item with its revision.
/// Afterwards: nothing where every change is sent; the ids of those that meet the filter where there is one, at most
/// <see cref="CountMax"/>, to say which of them no longer do. A watch of all organizations, which only the cloud's own parts and operators
/// have, keeps revisions for good: each log has revisions of its own. For one reader at a time.
/// </summary>
internal sealed class WatchedItems(bool hasFilter, bool isOfOneLog)
{
    /// <summary>About 3 MB.</summary>
    public const int CountMax = 50_000;

    private readonly HashSet<EntityId> matching = [];
    private Dictionary<EntityId, Revision>? listed = [];
    private Revision newest;

    /// <summary>Remembered at the moment.</summary>
    public int Count => matching.Count + (listed?.Count ?? 0);

    /// <summary>The filter has more matches than are remembered: it cannot go on.</summary>
    public bool IsFull => hasFilter && isOfOneLog && Count > CountMax;

    public void Listed(EntityRevision item)
    {
        listed![item.Id] = item.Revision;
        if (newest < item.Revision) newest = item.Revision;
    }

    /// <returns>Whether the change is to be sent: as an item, or as one that is gone where it does not match.</returns>
    public bool IsToSend(EntityRevision change, bool matches)
    {
        if (listed is not null)
        {
            var wasSent = listed.TryGetValue(change.Id, out var last);
            if (wasSent && change.Revision <= last) return false;
            if (matches) listed[change.Id] = change.Revision;
            else listed.Remove(change.Id);
            return matches || wasSent;
        }
        if (!hasFilter) return true;
        if (!matches) return matching.Remove(change.Id);
        matching.Add(change.Id);
        return true;
    }

    /// <summary>Every change up to a position was handled: none that follows is older than the list.</summary>
    public void Reached(Revision position)
    {
        if (!isOfOneLog || listed is null || position < newest) return;
        if (hasFilter) matching.UnionWith(listed.Keys);
        listed = null;
    }
}
