using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// The storage contract: one ordered, append-only log per tenant with its heads. Implementations pass one contract suite.
/// <para>Invariants. Revisions of a tenant are 1, 2, 3 … without gaps. Commit times never decrease along a log. A commit is visible whole
/// or not at all, and to every read that starts after it was acknowledged. History that was imported (<see cref="ITransfers"/>) keeps its
/// own times, and may lack numbers. Nothing acknowledged is lost. Every member is safe for concurrent use.</para>
/// <para>Failure. When the store cannot be reached, members throw <see cref="StrataException"/> with STORAGE_UNAVAILABLE (retryable). An
/// append then has an unknown outcome only until the same commit is appended again: that finds the first one by its id. Queues are bounded;
/// past the bound: SERVER_BUSY.</para>
/// </summary>
public interface IEntityLog
{
    ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken);

    /// <summary>One entity, or null where it does not exist or is deleted as of then. Audit events are left out.</summary>
    ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken);

    /// <summary>Which entity of a model holds a unique key's value now, or null.</summary>
    ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken);

    /// <summary>One page of entities; what follows starts behind the last one returned. Deleted entities are left out.</summary>
    ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken);

    /// <summary>How many entities are in which state, deleted ones left out; in no order.</summary>
    /// <param name="model">Null: of every model.</param>
    ValueTask<IReadOnlyList<StateCount>> CountAsync(TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken);

    /// <summary>Counts the entities of a model by the values that they have, deleted ones left out; in no order.</summary>
    ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken);

    /// <summary>The revisions of one entity with their audit events, newest first, deletion included.</summary>
    /// <param name="before">Only revisions below this one; null: from the newest.</param>
    ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="HistoryAsync"/> without the documents, each of which is an empty object: many commits cost little, however large the
    /// entity.
    /// </summary>
    ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken);

    /// <summary>The tenant's log behind a revision, in order, deletions included, whole commits only.</summary>
    ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken);

    /// <summary>The revision that a commit got, or null where the tenant has no commit of that id.</summary>
    ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken);

    /// <summary>The newest revision of a tenant; None for one that never committed.</summary>
    ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The newest revision of every tenant that ever committed.</summary>
    ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// How much all logs hold together. Cheap at any number of tenants: it shows whether anything was committed since the last look.
    /// </summary>
    ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Calls back after commits of any tenant, by this server or another, on a thread that must not be held: of a commit by this server
    /// before its outcome is returned. Wake-ups may be merged or lost (a follower also polls), never invented. Dispose to stop.
    /// </summary>
    IDisposable OnCommit(Action<TenantHead> wake);

    /// <summary>The scheduled transitions of one entity that are armed now, in the order in which they were written.</summary>
    ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(TenantId tenant, EntityId id, CancellationToken cancellationToken);

    /// <summary>Scheduled transitions due by now, of all tenants.</summary>
    ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken);

    /// <summary>When the next scheduled transition of any tenant falls due after a time; null: none is armed for later.</summary>
    ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken);
}

/// <summary>How far a tenant's log reaches.</summary>
public readonly record struct TenantHead(TenantId Tenant, Revision Revision);

/// <summary>
/// What all logs hold together. It grows with each commit, so two that are equal mean that nothing was committed in between.
/// </summary>
/// <param name="Tenants">Those that ever committed.</param>
/// <param name="Revisions">Sum of their newest revisions.</param>
public readonly record struct LogExtent(long Tenants, long Revisions);
