using System.Threading.Channels;
using Strata.Core;

namespace Strata.Resources.Controllers;

/// <summary>One entity to look at.</summary>
internal readonly record struct WorkKey(TenantId Tenant, EntityId Id);

/// <summary>
/// Which entities to look at and when: each at most once at a time, and once more when it was named meanwhile. Its size is bounded by the number of entities, because a key
/// stands in it once. Safe for concurrent use; <see cref="NextAsync"/> is for one reader.
/// </summary>
internal sealed class WorkQueue(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Queue<WorkKey> ready = new();
    private readonly HashSet<WorkKey> waiting = [];
    private readonly HashSet<WorkKey> running = [];
    private readonly HashSet<WorkKey> again = [];
    private readonly Dictionary<WorkKey, DateTimeOffset> later = [];
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Add(WorkKey key)
    {
        lock (gate) AddReady(key);
        signal.Writer.TryWrite(true);
    }

    /// <summary>The next one to look at; it counts as running until <see cref="Done"/>.</summary>
    public async Task<WorkKey> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan? wait;
            lock (gate)
            {
                wait = PromoteDue();
                if (ready.TryDequeue(out var key))
                {
                    waiting.Remove(key);
                    running.Add(key);
                    return key;
                }
            }
            await WaitAsync(wait, cancellationToken);
        }
    }

    /// <param name="lookAgain">When to look again by itself; null: not before it is named.</param>
    public void Done(WorkKey key, TimeSpan? lookAgain)
    {
        lock (gate)
        {
            running.Remove(key);
            if (again.Remove(key)) AddReady(key);
            else if (lookAgain is { } delay) later[key] = time.GetUtcNow() + delay;
        }
        signal.Writer.TryWrite(true);
    }

    private void AddReady(WorkKey key)
    {
        later.Remove(key);
        if (running.Contains(key)) again.Add(key);
        else if (waiting.Add(key)) ready.Enqueue(key);
    }

    /// <returns>How long until the next one is due; null: none is.</returns>
    private TimeSpan? PromoteDue()
    {
        if (later.Count == 0) return null;
        var now = time.GetUtcNow();
        foreach (var key in later.Where(x => x.Value <= now).Select(x => x.Key).ToList()) AddReady(key);
        return later.Count == 0 ? null : later.Values.Min() - now;
    }

    private async Task WaitAsync(TimeSpan? longest, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static x => ((CancellationTokenSource)x!).Cancel(), patience, longest ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            await signal.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // something is due
        }
    }
}
