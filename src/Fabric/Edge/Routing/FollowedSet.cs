using Strata.Client;
using Strata.Core;

namespace Strata.Edge.Routing;

/// <summary>
/// A copy of one kind's resources, kept by a watch, in the form that the edge needs. Complete from the first Ready on; a list that starts
/// over replaces it at its own Ready, so a reconnect never empties it. Thread-safe.
/// </summary>
/// <param name="select">The record of a resource; null for one that does not matter.</param>
internal sealed class FollowedSet<TSpec, TStatus, TRecord>(Func<Resource<TSpec, TStatus>, TRecord?> select)
    where TRecord : class
{
    private readonly Lock gate = new();
    private Dictionary<string, TRecord> known = [];
    private Dictionary<string, TRecord>? listing = [];
    private bool isKnown;
    private IReadOnlyList<TRecord>? read;

    /// <summary>All records, or null while they are not yet all known.</summary>
    /// <returns>The same list while nothing changes.</returns>
    public IReadOnlyList<TRecord>? Read()
    {
        lock (gate) return isKnown ? read ??= [.. known.Values] : null;
    }

    /// <summary>Whether the control plane knew no such kind when it was asked last.</summary>
    public bool IsUnknownKind { get; private set; }

    /// <summary>The control plane knows no such kind: there are none.</summary>
    /// <returns>True: what <see cref="Read"/> returns has changed.</returns>
    public bool TakeNone()
    {
        lock (gate)
        {
            IsUnknownKind = true;
            if (isKnown) return false;
            return isKnown = true;
        }
    }

    /// <summary>True: what <see cref="Read"/> returns has changed.</summary>
    public bool Take(WatchEvent<TSpec, TStatus> change)
    {
        lock (gate)
        {
            switch (change.Type)
            {
                case WatchEventType.Reset:
                    listing = [];
                    return false;
                case WatchEventType.Ready:
                    if (listing is null) return false;
                    (known, listing, isKnown, read, IsUnknownKind) = (listing, null, true, null, false);
                    return true;
                default:
                    if (!Put(listing ?? known, change.Resource!) || listing is not null) return false;
                    read = null;
                    return true;
            }
        }
    }

    private bool Put(Dictionary<string, TRecord> target, Resource<TSpec, TStatus> resource)
    {
        var record = resource.Deleted ? null : select(resource);
        if (record is null) return target.Remove(resource.Id);
        if (target.TryGetValue(resource.Id, out var present) && present.Equals(record)) return false;
        target[resource.Id] = record;
        return true;
    }
}
