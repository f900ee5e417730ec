using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// The change feed of one server: reads each tenant's log once, however many follow it, and hands every change to all followers that want it. Woken by commits; also looks by itself
/// each <see cref="PollEvery"/>, because wake-ups may be lost. A log that nobody follows is not read. A store that cannot be reached is asked again, and nothing is skipped
/// meanwhile. Safe for concurrent use.
/// </summary>
/// <param name="capacity">Changes that wait for one follower at most.</param>
public sealed partial class ChangeFeed(IEntityLog log, TimeProvider time, ILogger<ChangeFeed> logger, int capacity = ChangeFeed.CapacityDefault) : BackgroundService
{
    public const int CapacityDefault = 4096;
    private const int BatchMax = 500;
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();

    /// <summary>Up to where each log has been told, or passed over because nobody followed it. Guarded by the gate, as are the subscriptions.</summary>
    private readonly Dictionary<TenantId, Revision> positions = [];
    private readonly List<FeedSubscription> subscriptions = [];
    private readonly FeedHeads heads = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Follows from now on: what is committed after this has returned is told (and at times a little of what was committed just before).</summary>
    public ValueTask<FeedFollower> FollowAsync(FeedFilter filter, CancellationToken cancellationToken) => FollowAsync(filter, null, cancellationToken);

    /// <summary>Follows one tenant's log behind a revision, from the log first and then live, without a gap.</summary>
    public ValueTask<FeedFollower> FollowAsync(TenantId tenant, Revision from, IReadOnlySet<string>? models, CancellationToken cancellationToken) =>
        FollowAsync(new FeedFilter(tenant, models), from, cancellationToken);

    internal FeedSubscription Subscribe(FeedFilter filter)
    {
        lock (gate)
        {
            var subscription = new FeedSubscription(filter, PositionsFor(filter), capacity);
            subscriptions.Add(subscription);
            return subscription;
        }
    }

    internal void Unsubscribe(FeedSubscription subscription)
    {
        lock (gate) subscriptions.Remove(subscription);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var wakes = log.OnCommit(heads.Raise);
        while (!await TryAsync(TakeStandAsync, stoppingToken)) await Task.Delay(PollEvery, time, stoppingToken);
        started.TrySetResult();
        var looked = time.GetTimestamp();
        while (true)
        {
            if (!await TryAsync(ReadAsync, stoppingToken)) await Task.Delay(PollEvery, time, stoppingToken);
            else await heads.WaitAsync(PollEvery, time, stoppingToken);
            if (time.GetElapsedTime(looked) < PollEvery) continue;
            await TryAsync(LookAsync, stoppingToken);
            looked = time.GetTimestamp();
        }
    }

    private async ValueTask<FeedFollower> FollowAsync(FeedFilter filter, Revision? from, CancellationToken cancellationToken)
    {
        await started.Task.WaitAsync(cancellationToken);
        return new FeedFollower(this, log, filter, from, time);
    }

    /// <summary>What is there already is not told.</summary>
    private async Task TakeStandAsync(CancellationToken cancellationToken)
    {
        var found = await log.HeadsAsync(cancellationToken);
        lock (gate)
        {
            foreach (var head in found) positions[head.Tenant] = head.Revision;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var head in await log.HeadsAsync(cancellationToken))
        {
            if (PositionOf(head.Tenant) < head.Revision) heads.Raise(head);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (heads.TryTake(out var head))
        {
            try
            {
                await ReadAsync(head, cancellationToken);
            }
            catch
            {
                heads.Raise(head); // to be read when the store can be reached again
                throw;
            }
        }
    }

    private async Task ReadAsync(TenantHead head, CancellationToken cancellationToken)
    {
        while (PositionOf(head.Tenant) is var position && position < head.Revision && !TryPassOver(head))
        {
            var changes = await log.FollowAsync(head.Tenant, position, BatchMax, cancellationToken);
            if (changes.Count == 0) return;
            Tell(head.Tenant, [.. changes]);
        }
    }

    private Revision PositionOf(TenantId tenant)
    {
        lock (gate) return positions.GetValueOrDefault(tenant);
    }

    /// <summary>Nobody follows this log: those who will begin behind its head.</summary>
    private bool TryPassOver(TenantHead head)
    {
        lock (gate)
        {
            if (subscriptions.Exists(s => s.Filter.Wants(head.Tenant))) return false;
            positions[head.Tenant] = head.Revision;
            return true;
        }
    }

    private void Tell(TenantId tenant, EntityRevision[] changes)
    {
        for (var first = 0; first < changes.Length;)
        {
            var next = first + 1;
            while (next < changes.Length && changes[next].Revision == changes[first].Revision) next++;
            TellCommit(tenant, changes.AsSpan(first..next));
            first = next;
        }
    }

    private void TellCommit(TenantId tenant, ReadOnlySpan<EntityRevision> commit)
    {
        lock (gate)
        {
            for (var i = subscriptions.Count - 1; i >= 0; i--)
            {
                var subscription = subscriptions[i];
                if (subscription.TryOffer(commit)) continue;
                subscription.Close(PositionsFor(subscription.Filter));
                subscriptions.RemoveAt(i);
            }
            positions[tenant] = commit[0].Revision;
        }
    }

    private Dictionary<TenantId, Revision> PositionsFor(FeedFilter filter) =>
        filter.Tenant is { } one ? new() { [one] = positions.GetValueOrDefault(one) } : new(positions);

    /// <summary>No failure may end the feed: everyone who follows would wait for ever.</summary>
    private async Task<bool> TryAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step(cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            ReadFailed(logger, e);
            return false;
        }
    }
}
