using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Resources.Background;

namespace Strata.Resources.Feed;

/// <summary>
/// The change feed of one server: reads each tenant's log once, regardless of its number of followers, and hands every change to all
/// followers that want it. Woken by commits; also compares what all logs hold together with what it knows, each <see cref="CheckEvery"/>,
/// because wake-ups may be lost: one row, regardless of the number of tenants. A log without followers is not read, and of a followed log
/// only the models that followers want: controllers do not pay for what users write. A store that cannot be reached is asked again, and
/// nothing is skipped meanwhile. Safe for concurrent use.
/// </summary>
/// <param name="capacity">Changes that wait for one follower at most.</param>
public sealed class ChangeFeed(IEntityLog log, TimeProvider time, Supervisor supervisor, int capacity = ChangeFeed.CapacityDefault)
    : SupervisedService(supervisor, "change-feed")
{
    public const int CapacityDefault = 4096;
    private const int BatchMax = 500;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>
    /// After looks that found nothing wanted, so that busy logs of other models are not asked without end: twice as long after each.
    /// </summary>
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan RestMax = TimeSpan.FromMilliseconds(40);

    private readonly Lock gate = new();

    /// <summary>
    /// Up to where each log has been delivered, or skipped because it had no followers. Guarded by the gate, as are the subscriptions.
    /// </summary>
    private readonly Dictionary<TenantId, Revision> positions = [];
    private readonly List<FeedSubscription> subscriptions = [];
    private readonly List<IFeedSink> sinks = [];
    private readonly FeedWaiters waits = new();
    private readonly FeedHeads heads = new();

    /// <summary>What the sinks want together; null: no sinks.</summary>
    private ModelFilter? sinkModels;

    /// <summary>Of the last look. For the loop alone.</summary>
    private bool foundSome;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Follows from now on: what is committed after this has returned is delivered (and sometimes a little of what was committed just
    /// before).
    /// </summary>
    public ValueTask<FeedFollower> FollowAsync(FeedFilter filter, CancellationToken cancellationToken) =>
        FollowAsync(filter, null, cancellationToken);

    /// <summary>Follows one tenant's log behind a revision, from the log first and then live, without a gap.</summary>
    public ValueTask<FeedFollower> FollowAsync(TenantId tenant, Revision from, ModelFilter? models, CancellationToken cancellationToken) =>
        FollowAsync(new FeedFilter(tenant, models), from, cancellationToken);

    internal FeedMemory Memory { get; } = new();

    /// <summary>How often to look for commits whose wake-up was lost.</summary>
    internal TimeSpan CheckEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Logs that are known to have grown and wait to be read.</summary>
    internal int Behind => heads.Waiting;

    /// <summary>
    /// From now on each change is applied by this one too: what is committed after this has returned, and at times a little of before.
    /// Dispose to stop.
    /// </summary>
    internal async ValueTask<IDisposable> AttachAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        await started.Task.WaitAsync(cancellationToken);
        lock (gate)
        {
            sinks.Add(sink);
            CountSinks();
        }
        return new Attachment(this, sink);
    }

    /// <summary>
    /// Follows from now on, and takes a snapshot at that very moment: it has all earlier changes, and the follower receives all later ones.
    /// </summary>
    /// <param name="take">Called under the feed's lock: what is in memory, at once.</param>
    internal async ValueTask<(FeedFollower Follower, T Picture)> FollowAsync<T>(
        FeedFilter filter, Func<T> take, CancellationToken cancellationToken)
    {
        await started.Task.WaitAsync(cancellationToken);
        lock (gate) return (new FeedFollower(this, log, filter, null, time), take());
    }

    /// <summary>Returns when a log has been delivered up to a revision, at least to all sinks.</summary>
    internal async ValueTask ReachAsync(TenantId tenant, Revision revision, CancellationToken cancellationToken)
    {
        FeedWaiters.Wait wait;
        lock (gate)
        {
            if (positions.GetValueOrDefault(tenant) >= revision) return;
            wait = waits.Add(tenant, revision);
        }
        try
        {
            heads.Ask(new TenantHead(tenant, revision)); // its wake-up may be lost
            await wait.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (gate) waits.Remove(wait);
        }
    }

    /// <summary>
    /// Returns when every log has been delivered up to its current end, including other servers' writes. Costs one row while wake-ups
    /// arrive.
    /// </summary>
    internal async ValueTask ReachStoreAsync(CancellationToken cancellationToken)
    {
        await started.Task.WaitAsync(cancellationToken);
        await CheckAsync(cancellationToken);
        foreach (var head in heads.Known())
        {
            if (PositionOf(head.Tenant) < head.Revision) await ReachAsync(head.Tenant, head.Revision, cancellationToken);
        }
    }

    /// <summary>Returns when a log has been delivered up to its known head, which includes all earlier commits of this server.</summary>
    internal ValueTask CatchUpAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ReachAsync(tenant, heads.KnownOf(tenant), cancellationToken);

    /// <summary>Up to where a log has been delivered or skipped.</summary>
    internal Revision PositionOf(TenantId tenant)
    {
        lock (gate) return positions.GetValueOrDefault(tenant);
    }

    internal FeedSubscription Subscribe(FeedFilter filter)
    {
        lock (gate)
        {
            var subscription = new FeedSubscription(filter, PositionsFor(filter), capacity, Memory);
            subscriptions.Add(subscription);
            return subscription;
        }
    }

    internal void Unsubscribe(FeedSubscription subscription)
    {
        lock (gate) subscriptions.Remove(subscription);
        subscription.Clear();
    }

    /// <summary>
    /// A restart loses nothing: positions and followers outlive it, and the first look finds what was committed meanwhile.
    /// </summary>
    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        using var wakes = log.OnCommit(heads.Raise);
        while (!started.Task.IsCompleted) await StartAtHeadsAsync(work, stoppingToken);
        var looked = time.GetTimestamp();
        for (var rest = RestMin; ;)
        {
            foundSome = false;
            if (!await TryAsync(work, ReadAsync, stoppingToken)) await Task.Delay(RetryAfter, time, stoppingToken);
            if (!foundSome) await Task.Delay(rest, time, stoppingToken);
            rest = foundSome ? RestMin : rest * 2 < RestMax ? rest * 2 : RestMax;
            await heads.WaitAsync(CheckEvery, time, stoppingToken);
            if (time.GetElapsedTime(looked) < CheckEvery) continue;
            await TryAsync(work, CheckAsync, stoppingToken);
            looked = time.GetTimestamp();
        }
    }

    private async ValueTask<FeedFollower> FollowAsync(FeedFilter filter, Revision? from, CancellationToken cancellationToken)
    {
        await started.Task.WaitAsync(cancellationToken);
        return new FeedFollower(this, log, filter, from, time);
    }

    /// <summary>Existing changes are not delivered.</summary>
    private async Task StartAtHeadsAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        if (!await TryAsync(work, StartAtHeadsAsync, cancellationToken)) await Task.Delay(RetryAfter, time, cancellationToken);
        else started.TrySetResult();
    }

    private async Task StartAtHeadsAsync(CancellationToken cancellationToken)
    {
        var found = await log.HeadsAsync(cancellationToken);
        lock (gate)
        {
            foreach (var head in found) positions[head.Tenant] = head.Revision;
        }
        foreach (var head in found) heads.Know(head);
    }

    /// <summary>
    /// What is known is taken first: it is no more than what was so then, log by log, so where the sums are equal nothing is unknown.
    /// </summary>
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var known = heads.Extent;
        if (await log.ExtentAsync(cancellationToken) == known) return;
        foreach (var head in await log.HeadsAsync(cancellationToken))
        {
            if (PositionOf(head.Tenant) < head.Revision) heads.Raise(head);
            else heads.Know(head);
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
                heads.Ask(head); // to be read when the store can be reached again
                throw;
            }
        }
    }

    private async Task ReadAsync(TenantHead head, CancellationToken cancellationToken)
    {
        while (WantedOf(head) is var (position, models))
        {
            var page = await log.FollowAsync(
                new Follow { Tenant = head.Tenant, After = position, Limit = BatchMax, Models = models }, cancellationToken);
            if (page.Position <= position) return;
            foundSome |= page.Changes.Count > 0;
            Deliver(head.Tenant, page, models);
        }
    }

    /// <returns>From where to read and which models; null if there is nothing to deliver, or no follower.</returns>
    private (Revision Position, ModelFilter Models)? WantedOf(TenantHead head)
    {
        lock (gate)
        {
            var position = positions.GetValueOrDefault(head.Tenant);
            if (position >= head.Revision || TryPassOver(head)) return null;
            var models = subscriptions.Where(s => s.Filter.Wants(head.Tenant)).Select(s => s.Filter.ModelsOrAll);
            return (position, (sinkModels is null ? models : models.Prepend(sinkModels)).Aggregate((a, b) => a.Or(b)));
        }
    }

    /// <summary>Skips a log without followers: later followers begin behind its head. Call under the gate.</summary>
    private bool TryPassOver(TenantHead head)
    {
        if (sinkModels is not null || subscriptions.Exists(s => s.Filter.Wants(head.Tenant))) return false;
        MoveTo(head.Tenant, head.Revision);
        return true;
    }

    /// <summary>Stops early if a new follower wants more than was read: the rest is read again for it.</summary>
    private void Deliver(TenantId tenant, FollowPage page, ModelFilter models)
    {
        EntityRevision[] changes = [.. page.Changes];
        for (var first = 0; first < changes.Length;)
        {
            var next = first + 1;
            while (next < changes.Length && changes[next].Revision == changes[first].Revision) next++;
            if (!TryMoveOn(tenant, models, new ArraySegment<EntityRevision>(changes, first, next - first), changes[first].Revision)) return;
            first = next;
        }
        TryMoveOn(tenant, models, [], page.Position);
    }

    private bool TryMoveOn(TenantId tenant, ModelFilter models, ArraySegment<EntityRevision> commit, Revision to)
    {
        lock (gate)
        {
            if (sinkModels is not null && !models.Covers(sinkModels)) return false;
            if (subscriptions.Exists(s => s.Filter.Wants(tenant) && !models.Covers(s.Filter.ModelsOrAll))) return false;
            if (commit.Count > 0) DeliverCommit(commit);
            MoveTo(tenant, to);
            return true;
        }
    }

    private void MoveTo(TenantId tenant, Revision position)
    {
        positions[tenant] = position;
        waits.Reached(tenant, position);
    }

    /// <summary>Sinks first: a follower that is woken by a change finds it in their views.</summary>
    private void DeliverCommit(ArraySegment<EntityRevision> commit)
    {
        foreach (var sink in sinks)
        {
            foreach (var change in commit)
            {
                if (sink.Models.Wants(change.Model)) sink.Apply(change);
            }
        }
        for (var i = subscriptions.Count - 1; i >= 0; i--)
        {
            var subscription = subscriptions[i];
            if (subscription.TryOffer(commit)) continue;
            subscription.Close(PositionsFor(subscription.Filter));
            subscriptions.RemoveAt(i);
        }
    }

    private void Detach(IFeedSink sink)
    {
        lock (gate)
        {
            sinks.Remove(sink);
            CountSinks();
        }
    }

    private void CountSinks() => sinkModels = sinks.Count == 0 ? null : sinks.Select(s => s.Models).Aggregate((a, b) => a.Or(b));

    private Dictionary<TenantId, Revision> PositionsFor(FeedFilter filter) =>
        filter.Tenant is { } one ? new() { [one] = positions.GetValueOrDefault(one) } : new(positions);

    /// <summary>Failures are handled here because the feed looks again sooner than the supervisor would restart it.</summary>
    private static async Task<bool> TryAsync(SupervisedWork work, Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step(cancellationToken);
            work.Succeeded();
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            work.Failed(e);
            return false;
        }
    }

    private sealed class Attachment(ChangeFeed feed, IFeedSink sink) : IDisposable
    {
        public void Dispose() => feed.Detach(sink);
    }
}
