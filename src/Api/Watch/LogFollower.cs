using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Watch;

/// <summary>
/// Follows one tenant's log, or every tenant's, from where it was when <see cref="StartAsync"/> was called. It reads only when asked for more, so that a slow reader costs
/// no memory and misses nothing. Woken by commits; also looks by itself each <see cref="PollEvery"/>, because wake-ups may be lost. For one reader at a time.
/// </summary>
internal sealed class LogFollower : IDisposable
{
    private const int BatchMax = 500;
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(2);

    private readonly IEntityLog log;
    private readonly TimeProvider time;
    private readonly TenantId? tenant;
    private readonly Dictionary<TenantId, Revision> positions = [];
    private readonly ConcurrentDictionary<TenantId, Revision> heads = new();
    private readonly SemaphoreSlim signal = new(0, 1);
    private readonly IDisposable subscription;

    public LogFollower(IEntityLog log, TenantId? tenant, TimeProvider time)
    {
        (this.log, this.tenant, this.time) = (log, tenant, time);
        subscription = log.OnCommit(Wake);
    }

    /// <summary>Takes its stand: what is committed from now on, or (for one tenant) behind a revision, will be told.</summary>
    public async Task StartAsync(Revision? from, CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        foreach (var (id, head) in heads) positions[id] = from ?? head;
        if (from is { } behind && tenant is { } one) positions[one] = behind;
    }

    /// <summary>The next changes in the order of their log; empty when there were none for so long.</summary>
    public async ValueTask<IReadOnlyList<EntityRevision>> NextAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + patience;
        while (true)
        {
            if (await ReadAsync(cancellationToken) is { Count: > 0 } changes) return changes;
            var left = until - time.GetUtcNow();
            if (left <= TimeSpan.Zero) return [];
            if (!await WaitAsync(left < PollEvery ? left : PollEvery, cancellationToken)) await LookAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        subscription.Dispose();
        signal.Dispose();
    }

    private void Wake(TenantHead head)
    {
        if (tenant is { } one && one != head.Tenant) return;
        Raise(head);
        try
        {
            if (signal.CurrentCount == 0) signal.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Already signalled by another commit, or the reader has just gone.
        }
    }

    private void Raise(TenantHead head) =>
        heads.AddOrUpdate(head.Tenant, static (_, seen) => seen, static (_, known, seen) => known < seen ? seen : known, head.Revision);

    private async ValueTask<IReadOnlyList<EntityRevision>> ReadAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, head) in heads)
        {
            var position = positions.GetValueOrDefault(id);
            if (position >= head) continue;
            var changes = await log.FollowAsync(id, position, BatchMax, cancellationToken);
            if (changes.Count == 0) continue;
            positions[id] = changes[^1].Revision;
            Raise(new TenantHead(id, changes[^1].Revision));
            return changes;
        }
        return [];
    }

    /// <returns>Whether it was woken.</returns>
    private async ValueTask<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(longest, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await signal.WaitAsync(linked.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (tenant is { } one) Raise(new TenantHead(one, await log.HeadAsync(one, cancellationToken)));
        else
            foreach (var head in await log.HeadsAsync(cancellationToken)) Raise(head);
    }
}
