using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Versions;

/// <summary>
/// A log whose documents are read through a function. Conditions and groupings are still evaluated over what is stored:
/// <see cref="KindUpgrade"/> writes old documents again, so that soon after an upgrade there is no difference.
/// </summary>
internal sealed class VersionedLog(IEntityLog log, Func<EntityRevision, EntityRevision> read) : IEntityLog
{
    public ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken) =>
        log.AppendAsync(commit, cancellationToken);

    public async ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken) =>
        await log.ReadAsync(tenant, id, asOf, cancellationToken) is { } found ? read(found) : null;

    public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        log.FindAsync(tenant, model, claim, cancellationToken);

    public async ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken) =>
        Read(await log.ScanAsync(scan, cancellationToken));

    public ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        log.CountAsync(tenant, model, asOf, cancellationToken);

    public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
        log.GroupAsync(grouping, cancellationToken);

    public async ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        Read(await log.HistoryAsync(tenant, id, before, limit, cancellationToken));

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        log.TrailAsync(tenant, id, before, limit, cancellationToken);

    public async ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken)
    {
        var page = await log.FollowAsync(follow, cancellationToken);
        return page with { Changes = [.. page.Changes.Select(read)] };
    }

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

    private RevisionPage Read(RevisionPage page) => new([.. page.Select(read)], page.IsLast);
}
