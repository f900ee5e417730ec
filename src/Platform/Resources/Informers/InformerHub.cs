using System.Collections.Concurrent;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>
/// Runs the informers of this process: attaches each to the feed, lists its kind, and lists it again after an error. One that cannot be
/// listed is retried by itself, and the others continue. All informers show the same moment of one organization's log: what is up to the
/// feed's position in it.
/// <para>Reading what was written: <see cref="CatchUpAsync(TenantId, CancellationToken)"/> returns when the views hold all that this server
/// has committed; <see cref="CatchUpWithStoreAsync(TenantId, CancellationToken)"/> when they hold all that any server has. A view that
/// stays behind, or is not listed, for <see cref="Patience"/> is an error, VIEW_BEHIND. Who names the informers that it reads does not wait
/// for the others to be listed.</para>
/// </summary>
public sealed class InformerHub : SupervisedService
{
    private const int ListingsAtOnce = 4;
    private static readonly TimeSpan PatienceDefault = TimeSpan.FromSeconds(15);

    private readonly IEntityLog log;
    private readonly ChangeFeed feed;
    private readonly TimeProvider time;
    private readonly Supervisor supervisor;
    private volatile bool hasStarted;
    private readonly ConcurrentDictionary<string, KindInformer> informers = new(StringComparer.Ordinal);

    public InformerHub(
        IEnumerable<InformerDeclaration> declarations, IEntityLog log, ChangeFeed feed, TimeProvider time, Supervisor supervisor)
        : base(supervisor, "informers")
    {
        (this.log, this.feed, this.time, this.supervisor) = (log, feed, time, supervisor);
        foreach (var declared in declarations.GroupBy(d => d.Store.Kind.Name, StringComparer.Ordinal))
            Add(declared.First().Store, declared.SelectMany(d => d.Indexes).Distinct());
        InformerMetrics.Report(this);
    }

    public IReadOnlyCollection<KindInformer> All => [.. informers.Values];

    /// <summary>How long a reader waits for a view.</summary>
    internal TimeSpan Patience { get; init; } = PatienceDefault;

    /// <summary>Logs that have grown and are not read yet: 0 when the views are up to date.</summary>
    public int Behind => feed.Behind;

    public KindInformer Of(Kind kind) => informers.GetValueOrDefault(kind.Name)
        ?? throw new ArgumentException($"The kind \"{kind.Name}\" has no informer.", nameof(kind));

    /// <summary>The kind's informer, added if none was declared. Call before the start.</summary>
    public KindInformer Ensure(KindStore store)
    {
        if (!informers.ContainsKey(store.Kind.Name) && hasStarted)
            throw new InvalidOperationException($"The informers have started without one of {store.Kind.Plural}.");
        return informers.GetValueOrDefault(store.Kind.Name) ?? Add(store, []);
    }

    /// <summary>Returns when every informer has listed its kind, however long that takes.</summary>
    public Task WhenSyncedAsync(CancellationToken cancellationToken) => WhenSyncedAsync(informers.Values, cancellationToken);

    /// <summary>
    /// Follows a kind from now on, and returns its resources at that very moment: the follower receives all later changes, and none before.
    /// </summary>
    /// <param name="take">From the kind's informer. Called under the feed's lock: quick.</param>
    public async ValueTask<(FeedFollower Follower, IReadOnlyList<EntityRevision> Items)> FollowAsync(
        KindInformer informer, TenantId? tenant, Func<KindInformer, IReadOnlyList<EntityRevision>> take,
        CancellationToken cancellationToken)
    {
        await InTimeAsync(async stop => await informer.WhenSyncedAsync(stop), cancellationToken);
        return await feed.FollowAsync(new FeedFilter(tenant, informer.Models), () => take(informer), cancellationToken);
    }

    /// <summary>Returns when the views hold a revision of an organization's log.</summary>
    public Task WaitForAsync(TenantId tenant, Revision revision, CancellationToken cancellationToken) =>
        InTimeAsync(stop => feed.ReachAsync(tenant, revision, stop), cancellationToken);

    /// <summary>Whether the views hold a revision of an organization's log.</summary>
    public bool HasReached(TenantId tenant, Revision revision) => feed.PositionOf(tenant) >= revision;

    /// <summary>Returns when the views hold all that this server has committed in an organization's log so far. Reads nothing.</summary>
    public Task CatchUpAsync(TenantId tenant, CancellationToken cancellationToken) =>
        InTimeAsync(stop => feed.CatchUpAsync(tenant, stop), cancellationToken);

    /// <summary>Returns when the views hold all that is in an organization's log now, including other servers' writes.</summary>
    public Task CatchUpWithStoreAsync(TenantId tenant, CancellationToken cancellationToken) =>
        CatchUpWithStoreAsync(tenant, informers.Values, cancellationToken);

    /// <summary>The same for those who read these views only.</summary>
    public Task CatchUpWithStoreAsync(TenantId tenant, IEnumerable<KindInformer> of, CancellationToken cancellationToken) =>
        InTimeAsync(async stop =>
    {
        await WhenSyncedAsync(of, stop);
        await feed.ReachAsync(tenant, await log.HeadAsync(tenant, stop), stop);
    }, cancellationToken);

    /// <summary>
    /// Returns when the views hold all that is in any log now. For the beginning of a term: what the holders of former terms have written
    /// is in them then.
    /// </summary>
    public Task CatchUpWithStoreAsync(CancellationToken cancellationToken) => CatchUpWithStoreAsync(informers.Values, cancellationToken);

    /// <summary>The same for those who read these views only.</summary>
    public Task CatchUpWithStoreAsync(IEnumerable<KindInformer> of, CancellationToken cancellationToken) => InTimeAsync(async stop =>
    {
        await WhenSyncedAsync(of, stop);
        await feed.ReachStoreAsync(stop);
    }, cancellationToken);

    private static async Task WhenSyncedAsync(IEnumerable<KindInformer> of, CancellationToken cancellationToken)
    {
        foreach (var informer in of) await informer.WhenSyncedAsync(cancellationToken);
    }

    private KindInformer Add(KindStore store, IEnumerable<InformerIndex> indexes) =>
        informers[store.Kind.Name] = new KindInformer(store, indexes);

    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        hasStarted = true;
        var attached = new List<IDisposable>();
        try
        {
            foreach (var informer in informers.Values) attached.Add(await feed.AttachAsync(informer, stoppingToken));
            work.Succeeded();
            using var slots = new SemaphoreSlim(ListingsAtOnce);
            await supervisor.RunAsync(stoppingToken, informers.Values.Select(
                i => (Name, (Func<SupervisedWork, CancellationToken, Task>)((listing, stop) => KeepListedAsync(i, slots, listing, stop)))));
        }
        finally
        {
            foreach (var informer in informers.Values) informer.Break(); // what comes until it is attached again is missed
            foreach (var attachment in attached) attachment.Dispose();
        }
    }

    /// <summary>
    /// Lists one kind, and again whenever it has to be. A listing that fails ends this, and the supervisor begins it again.
    /// </summary>
    private static async Task KeepListedAsync(
        KindInformer informer, SemaphoreSlim slots, SupervisedWork work, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (informer.IsBroken)
            {
                await slots.WaitAsync(cancellationToken);
                try
                {
                    await informer.ListAsync(cancellationToken);
                }
                finally
                {
                    slots.Release();
                }
            }
            work.Succeeded();
            await informer.WhenBrokenAsync(cancellationToken);
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
                "Try again; if the error persists, check change-feed and informers in: strata status").ToException();
        }
    }
}
