using System.Diagnostics.CodeAnalysis;
using Strata.Core;

namespace Strata.EntityApi.Search.Jobs;

/// <summary>
/// Jobs that wait on this server: first come, first served within an organization, round robin between organizations, and no more of one
/// organization at work than its maximum, so that a newcomer finds a worker free soon. Unbounded by itself: the callers bound the number.
/// Safe for concurrent use.
/// </summary>
internal sealed class JobQueue<T>(int runningPerOrganizationMax) : IDisposable
{
    private readonly Lock gate = new();

    /// <summary>Organizations with jobs that wait, the next in turn first.</summary>
    private readonly LinkedList<(TenantId Tenant, LinkedList<T> Waiting)> turns = [];
    private readonly Dictionary<TenantId, int> running = [];

    /// <summary>
    /// One for each job that was added or has ended: a job skipped because of its organization's maximum is considered again when one of
    /// them ends.
    /// </summary>
    private readonly SemaphoreSlim signal = new(0);

    public void Add(TenantId tenant, T job)
    {
        lock (gate)
        {
            var line = turns.FirstOrDefault(t => t.Tenant == tenant).Waiting;
            if (line is null) turns.AddLast((tenant, line = new LinkedList<T>()));
            line.AddLast(job);
        }
        signal.Release();
    }

    /// <summary>The next job; the caller calls <see cref="Done"/> when it has ended.</summary>
    public async ValueTask<T> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await signal.WaitAsync(cancellationToken);
            if (TryTake(out var job)) return job;
        }
    }

    /// <summary>Jobs that wait, of all organizations.</summary>
    public int Waiting
    {
        get
        {
            lock (gate) return turns.Sum(t => t.Waiting.Count);
        }
    }

    /// <summary>Jobs that were taken and have not ended.</summary>
    public int Running
    {
        get
        {
            lock (gate) return running.Values.Sum();
        }
    }

    /// <returns>False where no such job waits: it was taken already, or never added.</returns>
    public bool TryRemove(TenantId tenant, Predicate<T> isIt)
    {
        lock (gate)
        {
            var turn = turns.First;
            while (turn is not null && turn.Value.Tenant != tenant) turn = turn.Next;
            var job = turn?.Value.Waiting.First;
            while (job is not null && !isIt(job.Value)) job = job.Next;
            if (job is null) return false;
            turn!.Value.Waiting.Remove(job);
            if (turn.Value.Waiting.Count == 0) turns.Remove(turn);
            return true; // its signal stays: the worker that gets it finds nothing and keeps waiting
        }
    }

    public void Done(TenantId tenant)
    {
        lock (gate)
        {
            if (--running[tenant] == 0) running.Remove(tenant);
        }
        signal.Release();
    }

    public void Dispose() => signal.Dispose();

    private bool TryTake([MaybeNullWhen(false)] out T job)
    {
        lock (gate)
        {
            for (var turn = turns.First; turn is not null; turn = turn.Next)
            {
                var (tenant, waiting) = turn.Value;
                var count = running.GetValueOrDefault(tenant);
                if (count >= runningPerOrganizationMax) continue;
                running[tenant] = count + 1;
                turns.Remove(turn);
                job = waiting.First!.Value;
                waiting.RemoveFirst();
                if (waiting.Count > 0) turns.AddLast(turn);
                return true;
            }
            job = default;
            return false;
        }
    }
}
