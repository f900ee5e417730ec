using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>
/// All resources of one kind, of every organization, in memory: listed once, and kept by the change feed. What it shows may be a moment
/// old; a write that was worked out from it still names the revision it saw, or is repeated by the store from what is now. Safe for
/// concurrent use.
/// </summary>
public sealed class KindInformer : IFeedSink
{
    /// <summary>States, transitions and actors repeat: one string each. Bounded, because actors are users too.</summary>
    private const int SharedMax = 4096;

    private readonly KindStore store;
    private readonly InformerView view;
    private readonly ModelFilter models;
    private readonly ConcurrentDictionary<string, string> shared = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly Channel<bool> broken = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal KindInformer(KindStore store, IEnumerable<InformerIndex> indexes)
    {
        this.store = store;
        view = new InformerView(indexes, store.Unreadable);
        models = ModelFilter.Named([store.Kind.Model.Name]);
    }

    public Kind Kind => store.Kind;

    /// <summary>It has listed all resources, and has missed no change since.</summary>
    public bool IsSynced => Volatile.Read(ref synced).Task.IsCompletedSuccessfully;

    public int Count => view.Count;

    /// <inheritdoc cref="InformerView.Bytes"/>
    public long Bytes => view.Bytes;

    internal ModelFilter Models => models;

    ModelFilter IFeedSink.Models => models;

    /// <summary>It is to be listed again. Set under the gate, together with what <see cref="IsSynced"/> reads.</summary>
    internal bool IsBroken { get; private set; } = true;

    /// <inheritdoc cref="InformerView.Get"/>
    public EntityRevision? Get(ResourceKey key) => view.Get(key);

    /// <inheritdoc cref="InformerView.All"/>
    public IReadOnlyList<EntityRevision> All(TenantId? tenant) => view.All(tenant);

    /// <inheritdoc cref="InformerView.Find"/>
    public IReadOnlyList<EntityRevision> Find(InformerIndex index, TenantId tenant, string key) => view.Find(index, tenant, key);

    /// <inheritdoc cref="InformerView.Candidates"/>
    public IReadOnlyList<EntityRevision> Candidates(TenantId? tenant, Condition? where) => view.Candidates(tenant, where);

    /// <inheritdoc cref="InformerView.Observe"/>
    public void Observe(ViewChanged observer) => view.Observe(observer);

    internal ResourceKey[] Keys() => view.Keys();

    /// <summary>Returns when it has listed its kind, however long that takes.</summary>
    internal async Task WhenSyncedAsync(CancellationToken cancellationToken)
    {
        while (!IsSynced) await Volatile.Read(ref synced).Task.WaitAsync(cancellationToken);
    }

    /// <summary>Returns when it may have to be listed again; <see cref="IsBroken"/> says whether. For one waiter.</summary>
    internal async Task WhenBrokenAsync(CancellationToken cancellationToken) => await broken.Reader.ReadAsync(cancellationToken);

    /// <summary>A change that cannot be applied would leave the view wrong for good, so it is listed again.</summary>
    void IFeedSink.Apply(EntityRevision change)
    {
        try
        {
            view.Apply(Slim(change), change.Deleted || IsMine(change));
        }
        catch (Exception)
        {
            Break();
        }
    }

    internal void Break()
    {
        lock (gate)
        {
            IsBroken = true;
            if (IsSynced) Volatile.Write(ref synced, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        broken.Writer.TryWrite(true);
    }

    /// <summary>Lists all there is, in pages, while the feed continues; called when the feed is followed.</summary>
    internal async Task ListAsync(CancellationToken cancellationToken)
    {
        lock (gate) IsBroken = false;
        try
        {
            view.BeginListing();
            await foreach (var found in store.AllAsync(null, null, cancellationToken))
            {
                if (IsMine(found)) view.Listed(Slim(found));
            }
            view.EndListing();
        }
        catch
        {
            lock (gate) IsBroken = true;
            throw;
        }
        lock (gate)
        {
            if (!IsBroken) synced.TrySetResult();
        }
    }

    private bool IsMine(EntityRevision revision) => revision.Model == Kind.Model && store.IsReadable(revision);

    private EntityRevision Slim(EntityRevision revision) => revision with
    {
        Model = Kind.Model,
        State = Share(revision.State),
        ChangedBy = Share(revision.ChangedBy),
        Transition = revision.Transition is { } transition ? Share(transition) : null,
        Audit = [],
    };

    private string Share(string text)
    {
        if (shared.TryGetValue(text, out var known)) return known;
        return shared.Count < SharedMax ? shared.GetOrAdd(text, text) : text;
    }
}
