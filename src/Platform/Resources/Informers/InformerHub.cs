using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>
/// Runs the informers of this process: attaches each to the feed, lists its kind, and lists it again after an error. All informers show the same
/// moment of one organization's log: what is up to the feed's position in it.
/// <para>Reading what was written: <see cref="CatchUpAsync(TenantId, CancellationToken)"/> returns when the views hold all that this server has
/// committed; <see cref="CatchUpWithStoreAsync(TenantId, CancellationToken)"/> when they hold all that any server has. A view that stays behind for
/// <see cref="Patience"/> is an error, VIEW_BEHIND.</para>
/// </summary>
public sealed class InformerHub : SupervisedService
{
    private const int ListingsAtOnce = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly IEntityLog log;
    private readonly ChangeFeed feed;
    private readonly TimeProvider time;
    private volatile bool hasStarted;
    private readonly ConcurrentDictionary<string, KindInformer> informers = new(StringComparer.Ordinal);
    private readonly Channel<bool> toList = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public InformerHub(IEnumerable<InformerDeclaration> declarations, IEntityLog log, ChangeFeed feed, TimeProvider time, Supervisor supervisor)
        : base(supervisor, "informers")
    {
        (this.log, this.feed, this.time) = (log, feed, time);
        foreach (var declared in declarations.GroupBy(d => d.Store.Kind.Name, StringComparer.Ordinal))
            Add(declared.First().Store, declared.SelectMany(d => d.Indexes).Distinct());
        InformerMetrics.Report(this);
    }

    public IReadOnlyCollection<KindInformer> All => [.. informers.Values];

    /// <summary>Logs that have grown and are not read yet: 0 when the views are up to date.</summary>
    public int Behind => feed.Behind;

    public KindInformer Of(Kind kind) => informers.GetValueOrDefault(kind.Name) ?? throw new ArgumentException($"The kind \"{kind.Name}\" has no informer.", nameof(kind));

    /// <summary>The kind's informer, which it has from now on where nobody has declared one. Before the start.</summary>
    public KindInformer Ensure(KindStore store)
    {
        if (!informers.ContainsKey(store.Kind.Name) && hasStarted) throw new InvalidOperationException($"The informers have started without one of {store.Kind.Plural}.");
        return informers.GetValueOrDefault(store.Kind.Name) ?? Add(store, []);
    }

    /// <summary>Returns when every informer has listed its kind.</summary>
    public async Task WhenSyncedAsync(CancellationToken cancellationToken)
    {
        foreach (var informer in informers.Values)
        {
            while (!informer.IsSynced) await informer.WhenSyncedAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Follows a kind from now on, and gives what there is of it at that very moment: the follower is told of all that comes after, and of nothing before.
    /// </summary>
    /// <param name="take">From the kind's informer. Called under the feed's lock: quick.</param>
    public async ValueTask<(FeedFollower Follower, IReadOnlyList<EntityRevision> Items)> FollowAsync(
        KindInformer informer, TenantId? tenant, Func<KindInformer, IReadOnlyList<EntityRevision>> take, CancellationToken cancellationToken)
    {
        await informer.WhenSyncedAsync(cancellationToken);
        return await feed.FollowAsync(new FeedFilter(tenant, informer.Models), () => take(informer), cancellationToken);
    }

    /// <summary>Returns when the views hold a revision of an organization's log.</summary>
    public Task WaitForAsync(TenantId tenant, Revision revision, CancellationToken cancellationToken) =>
        InTimeAsync(stop => feed.ReachAsync(tenant, revision, stop), cancellationToken);

    /// <summary>Whether the views hold a revision of an organization's log.</summary>
    public bool HasReached(TenantId tenant, Revision revision) => feed.PositionOf(tenant) >= revision;

    /// <summary>Returns when the views hold all that this server has committed in an organization's log so far. Reads nothing.</summary>
    public Task CatchUpAsync(TenantId tenant, CancellationToken cancellationToken) => InTimeAsync(stop => feed.CatchUpAsync(tenant, stop), cancellationToken);

    /// <summary>Returns when the views hold all that is in an organization's log now, whoever wrote it.</summary>
    public async Task CatchUpWithStoreAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await WhenSyncedAsync(cancellationToken);
        await WaitForAsync(tenant, await log.HeadAsync(tenant, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Returns when the views hold all that is in any log now. For the beginning of a term: what the holders of former terms have written is in them then.
    /// </summary>
    public async Task CatchUpWithStoreAsync(CancellationToken cancellationToken)
    {
        await WhenSyncedAsync(cancellationToken);
        await InTimeAsync(feed.ReachStoreAsync, cancellationToken);
    }

    private KindInformer Add(KindStore store, IEnumerable<InformerIndex> indexes) =>
        informers[store.Kind.Name] = new KindInformer(store, indexes, () => toList.Writer.TryWrite(true));

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        hasStarted = true;
        var attached = new List<IDisposable>();
        try
        {
            foreach (var informer in informers.Values) attached.Add(await feed.AttachAsync(informer, stoppingToken));
            while (true)
            {
                var limits = new ParallelOptions { MaxDegreeOfParallelism = ListingsAtOnce, CancellationToken = stoppingToken };
                await Parallel.ForEachAsync(informers.Values.Where(i => i.IsBroken), limits, async (informer, stop) => await informer.ListAsync(stop));
                work.Succeeded();
                await toList.Reader.ReadAsync(stoppingToken);
            }
        }
        finally
        {
            foreach (var informer in informers.Values) informer.Break(); // what comes until it is attached again is missed
            foreach (var attachment in attached) attachment.Dispose();
        }
    }

    private async Task InTimeAsync(Func<CancellationToken, ValueTask> wait, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await wait(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Error(
                ErrorKind.Unavailable, "VIEW_BEHIND", "This server has not read yet what was committed.",
                "Try again; if it stays so, look at change-feed in: strata status").ToException();
        }
    }
}
