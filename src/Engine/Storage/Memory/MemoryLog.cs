using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Stats;

namespace Strata.Storage.Memory;

/// <summary>
/// A log in memory, for tests: the whole contract but durability. One lock per tenant; reads work on immutable revisions.
/// </summary>
/// <param name="leases">Against which fences are checked; null: they are not.</param>
public sealed class MemoryLog(TimeProvider time, MemoryLeases? leases = null) : IEntityLog
{
    private readonly ConcurrentDictionary<TenantId, MemoryTenant> tenants = new();
    private readonly Notifier<TenantHead> wakes = new(NullLogger.Instance);

    public ValueTask<AppendOutcome> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        CommitGuard.Check(commit);
        cancellationToken.ThrowIfCancellationRequested();
        var outcome = commit.Fence is { } fence ? AppendFenced(commit, fence) : Append(commit);
        if (outcome is AppendOutcome.Committed committed) wakes.Wake(new TenantHead(commit.Tenant, committed.Revision));
        return ValueTask.FromResult(outcome);
    }

    internal IEnumerable<KeyValuePair<TenantId, MemoryTenant>> Tenants => tenants;

    private AppendOutcome Append(Commit commit) => Of(commit.Tenant).Append(commit, time.GetUtcNow());

    private AppendOutcome AppendFenced(Commit commit, Fence fence)
    {
        if (leases is null) return Append(commit);
        AppendOutcome? outcome = Of(commit.Tenant).FindOutcome(commit.Id);
        if (outcome is not null || leases.TryDo(fence, () => outcome = Append(commit))) return outcome!;
        return new AppendOutcome.Fenced(fence);
    }

    public ValueTask<EntityRevision?> ReadAsync(TenantId tenant, EntityId id, AsOf asOf, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Of(tenant).Read(id, asOf));

    public ValueTask<EntityId?> FindAsync(TenantId tenant, string model, UniqueClaim claim, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Of(tenant).Find(model, claim));

    public ValueTask<RevisionPage> ScanAsync(Scan scan, CancellationToken cancellationToken)
    {
        ScanGuard.Check(scan);
        var found = Candidates(scan)
            .Where(r => r.Model == scan.Model && IsBehind(scan, r))
            .Order(Comparer<EntityRevision>.Create((a, b) => Compare(scan, a, b)))
            .Where(r => scan.Where is null || ConditionEvaluator.Matches(scan.Where, r));
        return ValueTask.FromResult(MemoryPages.Take(found, new PageSize(scan.Limit, scan.BytesMax)));
    }

    public ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<StateCount>>(
            [.. Of(tenant).Snapshot(asOf).Where(r => model is null || r.Model == model).CountBy(r => (r.Model, r.State))
                .Select(c => new StateCount(c.Key.Model, c.Key.State, c.Value))]);

    public ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken) =>
        ValueTask.FromResult(GroupEvaluator.Group(grouping, Of(grouping.Tenant).Snapshot(grouping.AsOf)));

    public ValueTask<RevisionPage> HistoryAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MemoryPages.Take(Of(tenant).History(id, before), limit));

    public ValueTask<RevisionPage> TrailAsync(
        TenantId tenant, EntityId id, Revision? before, PageSize limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(
            MemoryPages.Take(Of(tenant).History(id, before).Select(r => r with { Document = JsonText.EmptyObject }), limit));

    public ValueTask<FollowPage> FollowAsync(Follow follow, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Of(follow.Tenant).Follow(follow));

    public ValueTask<Revision?> FindCommitAsync(TenantId tenant, CommitId commit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Of(tenant).Find(commit));

    public ValueTask<Revision> HeadAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult(Of(tenant).Head);

    public ValueTask<IReadOnlyList<TenantHead>> HeadsAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<TenantHead>>(
            [.. tenants.Values.Select(t => new TenantHead(t.Id, t.Head)).Where(h => h.Revision != Revision.None)]);

    public ValueTask<LogExtent> ExtentAsync(CancellationToken cancellationToken)
    {
        long count = 0, sum = 0;
        foreach (var head in tenants.Values.Select(t => t.Head).Where(h => h != Revision.None))
            (count, sum) = (count + 1, sum + head.Value);
        return ValueTask.FromResult(new LogExtent(count, sum));
    }

    public IDisposable OnCommit(Action<TenantHead> wake) => wakes.Add(wake);

    public ValueTask<IReadOnlyList<ScheduledTransition>> SchedulesAsync(
        TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Of(tenant).Schedules(id));

    public ValueTask<IReadOnlyList<DueTransition>> DueAsync(DueQuery query, CancellationToken cancellationToken)
    {
        var except = query.Except?.ToHashSet() ?? [];
        var due = tenants.Values.SelectMany(
            t => t.Schedules().Where(d => d.Schedule.DueAt <= query.Now && !except.Contains(d.Id)).OrderBy(d => d.Schedule.DueAt)
                .Take(query.EachMax ?? int.MaxValue).Select((due, turn) => (Due: due, Turn: query.EachMax is null ? 0 : turn)));
        return ValueTask.FromResult<IReadOnlyList<DueTransition>>(
            [.. due.OrderBy(d => d.Turn).ThenBy(d => d.Due.Schedule.DueAt).Take(query.Limit).Select(d => d.Due)]);
    }

    public ValueTask<DateTimeOffset?> NextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) => ValueTask.FromResult(
        tenants.Values.SelectMany(t => t.Schedules()).Select(d => (DateTimeOffset?)d.Schedule.DueAt).Where(d => d > after).Min());

    internal EntityRevision? Read(TenantId tenant, EntityId id, AsOf asOf) => Of(tenant).Read(id, asOf);

    internal IReadOnlyList<EntityRevision> Snapshot(TenantId tenant, AsOf asOf) => Of(tenant).Snapshot(asOf);

    internal MemoryTenant Of(TenantId tenant) => tenants.GetOrAdd(tenant, static id => new MemoryTenant(id));

    private IEnumerable<EntityRevision> Candidates(Scan scan) =>
        (scan.Tenant is { } one ? [Of(one)] : tenants.Values).SelectMany(t => scan.Deleted ? t.Deleted() : t.Snapshot(scan.AsOf));

    private static bool IsBehind(Scan scan, EntityRevision r) =>
        scan.After is not { } after || Compare(scan, (after.Tenant, after.Id), (r.Tenant, r.Id)) < 0;

    private static int Compare(Scan scan, EntityRevision a, EntityRevision b) => Compare(scan, (a.Tenant, a.Id), (b.Tenant, b.Id));

    private static int Compare(Scan scan, (TenantId Tenant, EntityId Id) a, (TenantId Tenant, EntityId Id) b)
    {
        var order = (a.Tenant.Value, a.Id.Value).CompareTo((b.Tenant.Value, b.Id.Value));
        return scan.Descending ? -order : order;
    }
}
