using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Tests.Support;

/// <summary>A log that counts how often it is followed, may lose wake-ups and may be out of reach.</summary>
internal sealed class FaultyLog(IEntityLog inner) : IEntityLog
{
    private int follows;
    private int refused;

    private int followed;
    private int reads;

    /// <summary>Reads of any sort but <see cref="ExtentAsync"/>, which is one row whatever there is.</summary>
    public int Reads => Volatile.Read(ref reads);

    /// <summary>Changes that were read by following.</summary>
    public int Followed => Volatile.Read(ref followed);

    public int Follows => Volatile.Read(ref follows);
    public int Refused => Volatile.Read(ref refused);
    public volatile bool IsAway;
    public volatile bool LosesWakes;

    /// <summary>Resources of this model cannot be listed; null: all can.</summary>
    public volatile string? Unlisted;

    /// <summary>Called before each append: to let a rival commit first.</summary>
    public Func<Commit, Task>? BeforeAppend { get; set; }

    public async ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (BeforeAppend is { } before) await before(commit);
        return await Reach(isRead: false).AppendAsync(commit, cancellationToken);
    }

    public ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        Reach().FindCommitAsync(tenant, commit, cancellationToken);

    public ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
        TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        Reach().SchedulesAsync(tenant, id, cancellationToken);

    public ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken) =>
        Reach().ReadAsync(tenant, id, asOf, cancellationToken);

    public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        Reach().FindAsync(tenant, model, claim, cancellationToken);

    public ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken)
    {
        if (scan.Model.Name == Unlisted) throw new InvalidOperationException("This model cannot be listed.");
        return Reach().ScanAsync(scan, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        Reach().CountAsync(tenant, model, asOf, cancellationToken);

    public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
        Reach().GroupAsync(grouping, cancellationToken);

    public ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        Reach().HistoryAsync(tenant, id, before, limit, cancellationToken);

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        Reach().TrailAsync(tenant, id, before, limit, cancellationToken);

    public async ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref follows);
        var page = await Reach().FollowAsync(follow, cancellationToken);
        Interlocked.Add(ref followed, page.Changes.Count);
        return page;
    }

    public ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Reach().HeadAsync(tenant, cancellationToken);

    public ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) => Reach().HeadsAsync(cancellationToken);

    public ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken) => Reach(isRead: false).ExtentAsync(cancellationToken);

    public IDisposable OnCommit(Action<TenantHead> wake) => inner.OnCommit(head =>
    {
        if (!LosesWakes) wake(head);
    });

    public ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken) =>
        Reach().DueAsync(query, cancellationToken);

    public ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        Reach().NextDueAsync(after, cancellationToken);

    private IEntityLog Reach(bool isRead = true)
    {
        if (isRead) Interlocked.Increment(ref reads);
        if (!IsAway) return inner;
        Interlocked.Increment(ref refused);
        throw new Error(ErrorKind.Unavailable, "STORAGE_UNAVAILABLE", "The storage cannot be reached.").ToException();
    }
}
