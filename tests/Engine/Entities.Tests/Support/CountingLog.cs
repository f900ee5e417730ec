using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Tests.Support;

/// <summary>Counts what a log is asked for, and can act between the caller and the log.</summary>
internal sealed class CountingLog(IEntityLog log) : IEntityLog
{
    public int Appends { get; private set; }
    public int Reads { get; private set; }

    /// <summary>Called before each append: to let a rival commit first, or to fail.</summary>
    public Func<Commit, Task>? BeforeAppend { get; set; }

    public async ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        Appends++;
        if (BeforeAppend is { } before) await before(commit);
        return await log.AppendAsync(commit, cancellationToken);
    }

    public ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken)
    {
        Reads++;
        return log.ReadAsync(tenant, id, asOf, cancellationToken);
    }

    public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        log.FindAsync(tenant, model, claim, cancellationToken);

    public ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken) => log.ScanAsync(scan, cancellationToken);

    public ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        log.CountAsync(tenant, model, asOf, cancellationToken);

    public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
        log.GroupAsync(grouping, cancellationToken);

    public ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        log.HistoryAsync(tenant, id, before, limit, cancellationToken);

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        log.TrailAsync(tenant, id, before, limit, cancellationToken);

    public ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken) =>
        log.FollowAsync(follow, cancellationToken);

    public ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        log.FindCommitAsync(tenant, commit, cancellationToken);

    public ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) => log.HeadAsync(tenant, cancellationToken);

    public ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) => log.HeadsAsync(cancellationToken);

    public ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken) => log.ExtentAsync(cancellationToken);

    public IDisposable OnCommit(Action<TenantHead> wake) => log.OnCommit(wake);

    public ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
        TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        log.SchedulesAsync(tenant, id, cancellationToken);

    public ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken) =>
        log.DueAsync(query, cancellationToken);

    public ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        log.NextDueAsync(after, cancellationToken);
}
