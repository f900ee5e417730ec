using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// One follower of the feed: every change that it wants, once, in the order of its log, whole commits in a row. What it does not take in
/// time is dropped from its queue and read from the log again, so that a slow follower costs no memory and misses nothing. For one reader
/// at a time.
/// </summary>
public sealed class FeedFollower : IDisposable
{
    /// <summary>From the log, in large pages: a late follower has much to read.</summary>
    private const int PageMax = 5000;
    private const int BatchMax = 500;

    private readonly ChangeFeed feed;
    private readonly IEntityLog log;
    private readonly FeedFilter filter;
    private readonly TimeProvider time;

    /// <summary>Up to where each log was read here; what the queue holds of it is skipped.</summary>
    private readonly Dictionary<TenantId, Revision> positions = [];

    /// <summary>Up to where a log must be read here, before the queue continues.</summary>
    private readonly Dictionary<TenantId, Revision> missing = [];

    private FeedSubscription subscription;

    /// <summary>Room for the page that was given last, where it was read from the log.</summary>
    private ShareLease? held;

    internal FeedFollower(ChangeFeed feed, IEntityLog log, FeedFilter filter, Revision? from, TimeProvider time)
    {
        (this.feed, this.log, this.filter, this.time) = (feed, log, filter, time);
        subscription = feed.Subscribe(filter);
        if (filter.Tenant is not { } tenant) return;
        Reached = from ?? subscription.Start.GetValueOrDefault(tenant);
        if (from is { } behind) GoOnBehind(tenant, behind);
    }

    /// <summary>Up to where a follower of one tenant has been given everything: behind it another one can continue.</summary>
    public Revision Reached { get; private set; }

    /// <summary>
    /// The next changes, whole commits; empty when there were none for so long. Throws STORAGE_UNAVAILABLE where it must read the log and
    /// cannot; asked again, it continues.
    /// </summary>
    public async ValueTask<IReadOnlyList<EntityRevision>> NextAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + patience;
        while (true)
        {
            Release();
            if (missing.Count > 0 && (
                held = await feed.Memory.EnterAsync(filter.Tenant, until - time.GetUtcNow(), time, cancellationToken)) is null) return [];
            if (await CatchUpAsync(cancellationToken) is { Count: > 0 } missed) return missed;
            Release();
            var delivered = filter.Tenant is { } one ? feed.PositionOf(one) : default;
            if (Drain() is { Count: > 0 } changes) return changes;
            if (subscription.End is null) Reached = Later(Reached, delivered); // the queue was empty when all up to there had been queued
            if (subscription.End is { } end && subscription.Reader.Completion.IsCompleted) Resubscribe(end);
            else if (!await WaitAsync(until - time.GetUtcNow(), cancellationToken)) return [];
        }
    }

    public void Dispose()
    {
        Release();
        feed.Unsubscribe(subscription);
    }

    private void Release()
    {
        held?.Dispose();
        held = null;
    }

    private async ValueTask<IReadOnlyList<EntityRevision>> CatchUpAsync(CancellationToken cancellationToken)
    {
        while (missing.Count > 0)
        {
            var (tenant, target) = missing.First();
            var page = await log.FollowAsync(
                new Follow { Tenant = tenant, After = positions[tenant], Limit = PageMax, Models = filter.ModelsOrAll }, cancellationToken);
            if (page.Position >= target || page.Position == positions[tenant]) missing.Remove(tenant);
            Reached = positions[tenant] = page.Position;
            if (page.Changes.Count > 0) return page.Changes;
        }
        return [];
    }

    private List<EntityRevision> Drain()
    {
        var changes = new List<EntityRevision>();
        while (changes.Count < BatchMax && subscription.TryTake(out var commit))
        {
            if (commit[0].Revision > positions.GetValueOrDefault(commit[0].Tenant)) changes.AddRange(commit);
        }
        if (changes.Count > 0) Reached = changes[^1].Revision;
        return changes;
    }

    /// <summary>
    /// The queue was full once: all up to <paramref name="end"/> came through it, what follows until the new one begins is read from the
    /// log.
    /// </summary>
    private void Resubscribe(IReadOnlyDictionary<TenantId, Revision> end)
    {
        subscription = feed.Subscribe(filter);
        foreach (var tenant in subscription.Start.Keys)
            GoOnBehind(tenant, Later(end.GetValueOrDefault(tenant), positions.GetValueOrDefault(tenant)));
    }

    private void GoOnBehind(TenantId tenant, Revision revision)
    {
        positions[tenant] = revision;
        var start = subscription.Start.GetValueOrDefault(tenant);
        if (revision < start) missing[tenant] = start;
    }

    private static Revision Later(Revision a, Revision b) => a < b ? b : a;

    /// <returns>False when the patience is over.</returns>
    private async ValueTask<bool> WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience <= TimeSpan.Zero) return false;
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await subscription.Reader.WaitToReadAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
