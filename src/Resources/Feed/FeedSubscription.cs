using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// The feed's end of a follower: a bounded queue. Commits go in whole or not at all; one that does not fit ends the subscription, and <see cref="End"/> then says up to
/// where everything was queued. Written by the feed alone, under its lock.
/// </summary>
internal sealed class FeedSubscription(FeedFilter filter, IReadOnlyDictionary<TenantId, Revision> start, int capacity)
{
    private readonly Channel<EntityRevision> queue = Channel.CreateBounded<EntityRevision>(new BoundedChannelOptions(capacity) { SingleReader = true });

    public FeedFilter Filter => filter;

    /// <summary>Where each log was: what is behind is queued.</summary>
    public IReadOnlyDictionary<TenantId, Revision> Start => start;

    /// <summary>Where each log was when the queue was full; null while it has not been. Valid once the reader has completed.</summary>
    public IReadOnlyDictionary<TenantId, Revision>? End { get; private set; }

    public ChannelReader<EntityRevision> Reader => queue.Reader;

    /// <returns>False when the commit does not fit.</returns>
    public bool TryOffer(ReadOnlySpan<EntityRevision> commit)
    {
        var wanted = 0;
        foreach (var change in commit) wanted += filter.Wants(change) ? 1 : 0;
        if (queue.Reader.Count + wanted > capacity) return false;
        foreach (var change in commit)
        {
            if (filter.Wants(change)) queue.Writer.TryWrite(change);
        }
        return true;
    }

    public void Close(IReadOnlyDictionary<TenantId, Revision> end)
    {
        End = end;
        queue.Writer.TryComplete();
    }
}
