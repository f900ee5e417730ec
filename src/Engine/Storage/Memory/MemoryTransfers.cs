using System.Collections.Concurrent;
using System.Globalization;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Transfers of a log in memory, for tests.</summary>
public sealed class MemoryTransfers(MemoryLog log, MemoryValues durable, MemoryLeases leases) : ITransfers
{
    private readonly ConcurrentDictionary<TenantId, Staging> stagings = new();

    public ValueTask<IReadOnlyList<HeldClaim>> ClaimsAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<HeldClaim>>(
            [.. log.Of(tenant).HeldClaims().Where(c => IsBehind(c.Cursor, after)).OrderBy(c => c.Cursor, StringComparer.Ordinal)
                .Take(limit)]);

    public ValueTask<IReadOnlyList<HeldSchedule>> SchedulesAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<HeldSchedule>>(
            [.. log.Of(tenant).HeldSchedules().Where(s => IsBehind(s.Cursor, after)).OrderBy(s => s.Cursor, StringComparer.Ordinal)
                .Take(limit)]);

    public ValueTask<bool> CloseAsync(TenantId tenant, DateTimeOffset until, Fence fence, CancellationToken cancellationToken) =>
        ValueTask.FromResult(leases.TryDo(fence, () => log.Of(tenant).Close(until)));

    public ValueTask<bool> OpenAsync(TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        ValueTask.FromResult(leases.TryDo(fence, () => log.Of(tenant).Close(null)));

    public ValueTask<IReadOnlyList<TenantId>> ExpiredAsync(
        DateTimeOffset before, TenantId? after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<TenantId>>(
            [.. log.Tenants.Where(t => t.Value.ClosedUntil < before).Select(t => t.Key)
                .Where(t => after is null || t.Value > after.Value.Value).OrderBy(t => t.Value).Take(limit)]);

    public ValueTask<bool> StageAsync(TenantId tenant, HistoryPart part, Fence fence, CancellationToken cancellationToken) =>
        ValueTask.FromResult(leases.TryDo(fence, () => Stage(tenant, part)));

    private void Stage(TenantId tenant, HistoryPart part)
    {
        var staging = stagings.GetOrAdd(tenant, _ => new Staging());
        lock (staging)
        {
            foreach (var commit in part.Revisions.GroupBy(r => r.Revision))
                staging.Commits[commit.Key.Value] = [.. commit.Select(r => r with { Tenant = tenant })];
            foreach (var claim in part.Claims) staging.Claims[(claim.Model, claim.Claim)] = claim;
            foreach (var schedule in part.Schedules) staging.Schedules[schedule.Cursor] = schedule;
        }
    }

    public ValueTask<FollowPage> StagedAsync(TenantId tenant, Revision after, int limit, CancellationToken cancellationToken)
    {
        var staging = stagings.GetOrAdd(tenant, _ => new Staging());
        lock (staging)
        {
            var found = new List<EntityRevision>();
            foreach (var (revision, commit) in staging.Commits.Where(c => c.Key > after.Value))
            {
                if (found.Count > 0 && found.Count + commit.Count > limit) break;
                found.AddRange(commit);
            }
            return ValueTask.FromResult(new FollowPage(found, found.Count > 0 ? found[^1].Revision : after));
        }
    }

    public ValueTask<bool> UnstageAsync(TenantId tenant, bool revisions, Fence fence, CancellationToken cancellationToken) =>
        ValueTask.FromResult(leases.TryDo(fence, () => Unstage(tenant, revisions)));

    private void Unstage(TenantId tenant, bool revisions)
    {
        var staging = stagings.GetOrAdd(tenant, _ => new Staging());
        lock (staging)
        {
            staging.Claims.Clear();
            staging.Schedules.Clear();
            if (revisions) staging.Commits.Clear();
        }
    }

    public ValueTask<bool> IsEmptyAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ValueTask.FromResult(log.Of(tenant).HoldsNothingOfUsers());

    public ValueTask<PublishOutcome> PublishAsync(
        TenantId tenant, Revision head, Func<Revision, DurableValue> mark, Fence fence, CancellationToken cancellationToken)
    {
        PublishOutcome outcome = new PublishOutcome.NotEmpty();
        var isHeld = leases.TryDo(fence, () =>
        {
            if (Publish(tenant, head) is not { } end) return;
            durable.Write(tenant, mark(end));
            outcome = new PublishOutcome.Published(end);
        });
        return ValueTask.FromResult(isHeld ? outcome : new PublishOutcome.Fenced());
    }

    private Revision? Publish(TenantId tenant, Revision head)
    {
        var staging = stagings.GetOrAdd(tenant, _ => new Staging());
        lock (staging)
        {
            var end = log.Of(tenant).Publish(staging.Commits, [.. staging.Claims.Values], [.. staging.Schedules.Values], head);
            if (end is not null) stagings.TryRemove(tenant, out _);
            return end;
        }
    }

    internal static string CursorOf(EntityId id, Revision revision, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{id.Value}/{revision.Value:D19}/{ordinal:D6}");

    private static bool IsBehind(string cursor, string? after) => after is null || string.CompareOrdinal(cursor, after) > 0;

    private sealed class Staging
    {
        public SortedDictionary<long, List<EntityRevision>> Commits { get; } = [];
        public Dictionary<(string, UniqueClaim), HeldClaim> Claims { get; } = [];
        public Dictionary<string, HeldSchedule> Schedules { get; } = [];
    }
}
