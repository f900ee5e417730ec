using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// The feed's end of a follower: a queue of commits, bounded by their changes and by the bytes of their documents. One that does not fit
/// ends the subscription, and
/// <see cref="End"/> then says up to where everything was queued. Written by the feed alone, under its lock.
/// </summary>
internal sealed class FeedSubscription(FeedFilter filter, IReadOnlyDictionary<TenantId, Revision> start, int capacity, FeedMemory memory)
{
    private const long BytesMax = 1 << 20;

    private readonly Channel<EntityRevision[]> queue = Channel.CreateUnbounded<EntityRevision[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private long changes;
    private long bytes;

    public FeedFilter Filter => filter;

    /// <summary>Where each log was: what is behind is queued.</summary>
    public IReadOnlyDictionary<TenantId, Revision> Start => start;

    /// <summary>Where each log was when the queue was full; null while it has not been. Valid once the reader has completed.</summary>
    public IReadOnlyDictionary<TenantId, Revision>? End { get; private set; }

    public ChannelReader<EntityRevision[]> Reader => queue.Reader;

    /// <returns>False when the commit does not fit.</returns>
    public bool TryOffer(ArraySegment<EntityRevision> commit)
    {
        var wanted = commit.All(filter.Wants) ? commit.Array!.Length == commit.Count
            ? commit.Array : [.. commit] : commit.Where(filter.Wants).ToArray();
        if (wanted.Length == 0) return true;
        var size = BytesOf(wanted);
        if (Volatile.Read(ref changes) + wanted.Length > capacity || Volatile.Read(ref bytes) + size > BytesMax || !memory.TryQueue(size))
            return false;
        Interlocked.Add(ref changes, wanted.Length);
        Interlocked.Add(ref bytes, size);
        return queue.Writer.TryWrite(wanted);
    }

    /// <summary>The next commit, or what of it is wanted.</summary>
    public bool TryTake(out EntityRevision[] commit)
    {
        if (!queue.Reader.TryRead(out commit!)) return false;
        var size = BytesOf(commit);
        Interlocked.Add(ref changes, -commit.Length);
        Interlocked.Add(ref bytes, -size);
        memory.Taken(size);
        return true;
    }

    /// <summary>Lets go of what was queued; the reader is gone.</summary>
    public void Clear()
    {
        while (TryTake(out _))
        {
        }
    }

    public void Close(IReadOnlyDictionary<TenantId, Revision> end)
    {
        End = end;
        queue.Writer.TryComplete();
    }

    private static long BytesOf(EntityRevision[] commit)
    {
        var sum = 0L;
        foreach (var change in commit) sum += change.Document.Utf8.Length;
        return sum;
    }
}
