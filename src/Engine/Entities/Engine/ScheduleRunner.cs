using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Core.Sharing;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>Settings of <see cref="ScheduleRunner"/>. Immutable.</summary>
public sealed record ScheduleOptions
{
    /// <summary>How often it looks for what is due; what falls due in between is fired on time.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Entities worked on at once. A processor may take a day, so there are many places, and an organization holds few of them; a place
    /// that waits for a processor costs little.
    /// </summary>
    public ShareSize AtOnce { get; init; } = new(4096) { PerOrganizationMax = 8 };

    /// <summary>Due transitions that are read at once.</summary>
    public int LookMax { get; init; } = 1024;

    /// <summary>Of one organization, where there are more than that.</summary>
    public int LookEachMax { get; init; } = 64;
}

/// <summary>
/// Fires scheduled transitions of all organizations when they are due, those of one entity one after the other. On one server at a time, by
/// the lease <c>schedules</c>; its commits carry the lease's fence, and even two at once would fire nothing twice, because the log accepts
/// only the first. Each organization has its share of the places; what finds none waits. When the store is away it tries again, and what is
/// at work goes on.
/// </summary>
public sealed partial class ScheduleRunner(
    EntityEngine engine, ILeases leases, TimeProvider time, ILogger<ScheduleRunner> logger, ScheduleOptions options) : IShareReport
{
    public const string LeaseName = "schedules";
    public const string Actor = "system:scheduler";

    /// <summary>Looks that fail one after the other until another server may try.</summary>
    private const int FailuresMax = 10;

    /// <summary>A look that leaves something out is followed by a pause of so many times its own duration.</summary>
    private const int RestFactor = 4;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(10);

    private readonly FairShare places = new("scheduled transitions", options.AtOnce);
    private readonly Dictionary<(TenantId, EntityId), Task> working = [];

    /// <summary>Seen due and without a place, by entity; one organization's in the order in which they are due.</summary>
    private readonly Dictionary<TenantId, Queue<List<DueTransition>>> waiting = [];

    /// <summary>Whether more is due than was seen.</summary>
    private bool isMore;

    private DateTimeOffset lookAt;
    private DateTimeOffset restUntil;
    private TaskCompletionSource ended = NewSignal();
    private int waitingCount;

    public IEnumerable<ShareUse> Shares => [places.Use with { Waiting = Volatile.Read(ref waitingCount) }];

    /// <summary>Runs until it is cancelled.</summary>
    public Task RunAsync(SupervisedWork work, CancellationToken cancellationToken) => new LeaseTerms(LeaseName, leases, time)
        .RunAsync(work, (fence, term) => FireWhileHeldAsync(fence, work, term), work.Succeeded, LogLeaseLost, cancellationToken);

    private async Task FireWhileHeldAsync(Fence fence, SupervisedWork work, CancellationToken term)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(term);
        lookAt = default;
        try
        {
            for (var failures = 0; ; await PauseAsync(end.Token))
            {
                // Before anything is looked at: what ends from here on is a reason to go round again.
                Volatile.Write(ref ended, NewSignal());
                try
                {
                    if (lookAt <= time.GetUtcNow()) await LookAsync(end.Token);
                    StartWaiting(fence, end.Token);
                    work.Succeeded();
                    failures = 0;
                }
                catch (Exception e) when (!term.IsCancellationRequested && ++failures < FailuresMax)
                {
                    // What is at work goes on: a look that failed is no reason to end a processor's call.
                    work.Failed(e);
                    lookAt = time.GetUtcNow() + options.Period;
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await EndedAsync();
        }
    }

    /// <summary>One round: looks for what is due, and starts what has a place.</summary>
    /// <returns>On how many entities it started work.</returns>
    internal async Task<int> StartDueAsync(Fence? fence, CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        var before = working.Count;
        StartWaiting(fence, cancellationToken);
        return working.Count - before;
    }

    /// <summary>Waits for all that is at work.</summary>
    internal async Task EndedAsync() => await Task.WhenAll(working.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Sees all that is due and not at work; where that is too much, some of each organization.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (entity, work) in working)
        {
            if (work.IsCompleted) working.Remove(entity);
        }
        var (now, began) = (time.GetUtcNow(), Stopwatch.GetTimestamp());
        var query = new DueQuery(now, options.LookMax) { Except = [.. working.Keys.Select(key => key.Item2)] };
        var due = await engine.Log.DueAsync(query, cancellationToken);
        isMore = due.Count == options.LookMax;
        if (isMore) due = await engine.Log.DueAsync(query with { EachMax = options.LookEachMax }, cancellationToken);
        waiting.Clear();
        foreach (var entity in due.GroupBy(transition => (transition.Tenant, transition.Id)).Where(e => !working.ContainsKey(e.Key)))
        {
            if (!waiting.TryGetValue(entity.Key.Tenant, out var queue)) waiting[entity.Key.Tenant] = queue = [];
            queue.Enqueue([.. entity]);
        }
        var next = await engine.Log.NextDueAsync(now, cancellationToken) ?? DateTimeOffset.MaxValue;
        lookAt = next < now + options.Period ? next : now + options.Period;
        restUntil = time.GetUtcNow() + Longer(ShortestRest, RestFactor * Stopwatch.GetElapsedTime(began));
    }

    private void StartWaiting(Fence? fence, CancellationToken cancellationToken)
    {
        var left = 0;
        foreach (var (organization, queue) in waiting)
        {
            while (queue.TryPeek(out var due) && TryTake(organization) is { } place)
            {
                queue.Dequeue();
                working[(organization, due[0].Id)] = FireAsync(due, fence, place, cancellationToken);
            }
            left += queue.Count;
            // What was left out of the look may be this organization's.
            if (queue.Count == 0 && isMore && restUntil < lookAt) lookAt = restUntil;
        }
        Volatile.Write(ref waitingCount, left);
    }

    /// <summary>Asks only where a place may be had: one that waits is not refused.</summary>
    private ShareLease? TryTake(TenantId organization) =>
        places.UsedBy(organization) < options.AtOnce.PerOrganizationMax && places.TryTake(organization).TryGet(out var place, out _)
            ? place : null;

    private async Task FireAsync(List<DueTransition> due, Fence? fence, ShareLease place, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var transition in due)
            {
                // What is due still keeps its place for a while: a store in trouble is not asked without a pause.
                if (!await FireOneAsync(transition, fence, cancellationToken)) await Task.Delay(options.Period, time, cancellationToken);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The term has ended: the server that holds the next one finds it due.
        }
        finally
        {
            place.Dispose();
            Volatile.Read(ref ended).TrySetResult();
        }
    }

    /// <returns>Whether it is no longer due.</returns>
    private async Task<bool> FireOneAsync(DueTransition due, Fence? fence, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await engine.FireAsync(new Caller(due.Tenant, Actor) { Fence = fence }, due, cancellationToken);
            if (outcome.Error is { } error) LogRefused(due.Tenant, due.Id, due.Schedule.Transition, error.Code);
            else LogOutcome(due.Tenant, due.Id, due.Schedule.Transition, outcome.Value);
            return outcome.IsOk && outcome.Value != ScheduleOutcome.Conflict;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogThrew(e, due.Tenant, due.Id, due.Schedule.Transition); // one entity's trouble must not hold up the others
            return false;
        }
    }

    /// <summary>Until the next look, or until a place is free for what waits.</summary>
    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = Longer(lookAt - time.GetUtcNow(), ShortestPause);
        var place = waitingCount > 0 ? Volatile.Read(ref ended) : NewSignal();
        await place.Task.WaitAsync(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
