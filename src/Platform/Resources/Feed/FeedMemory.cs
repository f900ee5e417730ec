using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// The memory of all followers of one server's feed: bytes that are queued for followers, and pages that late ones read from the log.
/// A queue that finds no room is dropped and its follower reads the log instead; readers of the log wait their turn, round robin between
/// organizations. So many followers, or slow ones, cost time and not memory. Safe for concurrent use.
/// </summary>
internal sealed class FeedMemory(long queuedBytesMax = FeedMemory.QueuedBytesDefault)
{
    public const long QueuedBytesDefault = 64L << 20;
    private const long PagesBytesMax = 32L << 20;

    private readonly ByteBudget pages = new("feeds", new ShareSize(PagesBytesMax), waitingPerOrganizationMax: 100_000);
    private long queued;

    public bool TryQueue(long bytes)
    {
        if (Interlocked.Add(ref queued, bytes) <= queuedBytesMax) return true;
        Interlocked.Add(ref queued, -bytes);
        return false;
    }

    public void Taken(long bytes) => Interlocked.Add(ref queued, -bytes);

    /// <returns>Room for one page, to be disposed when it was handled; null where it was not this organization's turn in time.</returns>
    /// <param name="tenant">Null: the platform's own parts, which follow every organization.</param>
    public async ValueTask<ShareLease?> EnterAsync(
        TenantId? tenant, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var entered = await pages.ReserveAsync(tenant ?? TenantId.Platform, Follow.BytesMax, patience, time, cancellationToken);
        return entered.IsOk ? entered.Value : null;
    }
}
