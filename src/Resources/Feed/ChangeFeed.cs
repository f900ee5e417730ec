using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// Reads every tenant's log once, from where it was when this was started, and tells each change. Woken by commits; also looks by itself each <see cref="PollEvery"/>, because
/// wake-ups may be lost. A store that cannot be reached is asked again; nothing is skipped meanwhile. Run it once.
/// </summary>
internal sealed class ChangeFeed(IEntityLog log, TimeProvider time)
{
    private const int BatchMax = 500;
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<TenantId, Revision> heads = new();
    private readonly Dictionary<TenantId, Revision> positions = [];
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Takes its stand: what is committed from now on will be told.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var head in await log.HeadsAsync(cancellationToken)) (heads[head.Tenant], positions[head.Tenant]) = (head.Revision, head.Revision);
    }

    /// <param name="tell">Called for one change after the other; must not wait.</param>
    public async Task RunAsync(Action<EntityRevision> tell, CancellationToken cancellationToken)
    {
        using var subscription = log.OnCommit(Wake);
        while (true)
        {
            try
            {
                await LookAsync(cancellationToken);
                while (await ReadAsync(tell, cancellationToken) || await WaitAsync(cancellationToken)) { }
            }
            catch (StrataException)
            {
                await Task.Delay(PollEvery, time, cancellationToken);
            }
        }
    }

    private void Wake(TenantHead head)
    {
        Raise(head);
        signal.Writer.TryWrite(true);
    }

    private void Raise(TenantHead head) =>
        heads.AddOrUpdate(head.Tenant, static (_, seen) => seen, static (_, known, seen) => known < seen ? seen : known, head.Revision);

    /// <returns>Whether there was anything.</returns>
    private async Task<bool> ReadAsync(Action<EntityRevision> tell, CancellationToken cancellationToken)
    {
        var found = false;
        foreach (var (tenant, head) in heads)
        {
            var position = positions.GetValueOrDefault(tenant);
            if (position >= head) continue;
            var changes = await log.FollowAsync(tenant, position, BatchMax, cancellationToken);
            if (changes.Count == 0) continue;
            foreach (var change in changes) tell(change);
            positions[tenant] = changes[^1].Revision;
            Raise(new TenantHead(tenant, changes[^1].Revision));
            found = true;
        }
        return found;
    }

    /// <returns>True when it was woken, false when it is time to look by itself.</returns>
    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static x => ((CancellationTokenSource)x!).Cancel(), patience, PollEvery, Timeout.InfiniteTimeSpan);
        try
        {
            return await signal.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var head in await log.HeadsAsync(cancellationToken)) Raise(head);
    }
}
