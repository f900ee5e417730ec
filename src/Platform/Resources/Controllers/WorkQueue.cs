using System.Threading.Channels;
using Strata.Core;

namespace Strata.Resources.Controllers;

/// <summary>One entity to reconcile.</summary>
internal readonly record struct WorkKey(TenantId Tenant, EntityId Id);

/// <summary>How a look ended.</summary>
/// <param name="Again">When to reconcile again without a change; null: not before the next change.</param>
internal readonly record struct WorkDone(bool Failed, TimeSpan? Again);

/// <summary>
/// Which entities to reconcile and when: each at most once at a time, and once more if it was added meanwhile. A failed one waits for its
/// time: what the controller itself wrote does not call it back early, or a failure that is written down would be tried again at once, for
/// ever. Its size is bounded by the number of entities. Safe for concurrent use; <see cref="NextAsync"/> is for one reader.
/// </summary>
internal sealed class WorkQueue(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Queue<WorkKey> ready = new();
    private readonly HashSet<WorkKey> waiting = [];

    /// <summary>What is looked at now, and how it was named since.</summary>
    private readonly Dictionary<WorkKey, Naming> running = [];
    private readonly Dictionary<WorkKey, Later> later = [];
    private readonly PriorityQueue<WorkKey, DateTimeOffset> due = new();
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private enum Naming
    {
        None,
        ByItself,
        ByOthers,
    }

    public int Waiting
    {
        get { lock (gate) return waiting.Count; }
    }

    /// <summary>Names an entity.</summary>
    /// <param name="byItself">It has changed by the controller's own hand.</param>
    public void Add(WorkKey key, bool byItself = false)
    {
        lock (gate)
        {
            if (running.TryGetValue(key, out var named))
                running[key] = byItself && named != Naming.ByOthers ? Naming.ByItself : Naming.ByOthers;
            else if (!byItself || !later.TryGetValue(key, out var planned) || !planned.AfterFailure) MakeReady(key);
        }
        signal.Writer.TryWrite(true);
    }

    /// <summary>The next one to reconcile; it counts as running until <see cref="Done"/>.</summary>
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
                    running[key] = Naming.None;
                    return key;
                }
            }
            await WaitAsync(wait, cancellationToken);
        }
    }

    public void Done(WorkKey key, WorkDone done)
    {
        lock (gate)
        {
            running.Remove(key, out var named);
            if (named == Naming.ByOthers || (named == Naming.ByItself && !done.Failed)) MakeReady(key);
            else if (done.Again is { } delay) Plan(key, time.GetUtcNow() + delay, done.Failed);
        }
        signal.Writer.TryWrite(true);
    }

    private void MakeReady(WorkKey key)
    {
        later.Remove(key);
        if (waiting.Add(key)) ready.Enqueue(key);
    }

    private void Plan(WorkKey key, DateTimeOffset at, bool afterFailure)
    {
        later[key] = new Later(at, afterFailure);
        due.Enqueue(key, at);
    }

    /// <returns>How long until the next one is due; null: none is.</returns>
    private TimeSpan? PromoteDue()
    {
        var now = time.GetUtcNow();
        while (due.TryPeek(out var key, out var at))
        {
            var isPlanned = later.TryGetValue(key, out var planned) && planned.At == at; // otherwise it was added or planned again
            if (isPlanned && at > now) return at - now;
            due.Dequeue();
            if (isPlanned) MakeReady(key);
        }
        return null;
    }

    private async Task WaitAsync(TimeSpan? longest, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(
            static x => ((CancellationTokenSource)x!).Cancel(), patience, longest ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            await signal.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // something is due
        }
    }

    private readonly record struct Later(DateTimeOffset At, bool AfterFailure);
}
