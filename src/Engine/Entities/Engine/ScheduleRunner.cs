using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>Settings of <see cref="ScheduleRunner"/>. Immutable.</summary>
public sealed record ScheduleOptions
{
    /// <summary>How often it looks for what is due; what falls due in between is fired on time.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Transitions taken up in one round.</summary>
    public int BatchMax { get; init; } = 100;

    /// <summary>Entities worked on at once.</summary>
    public int Parallelism { get; init; } = 8;
}

/// <summary>
/// Fires scheduled transitions of all tenants when they are due. On one server at a time, by the lease <c>schedules</c>; its commits carry
/// the lease's fence, and even two at once would fire nothing twice, because the log accepts only the first. When the store is away it
/// waits and tries again.
/// </summary>
public sealed partial class ScheduleRunner(
    EntityEngine engine, ILeases leases, TimeProvider time, ILogger<ScheduleRunner> logger, ScheduleOptions? options = null)
{
    public const string LeaseName = "schedules";
    public const string Actor = "system:scheduler";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly ScheduleOptions options = options ?? new ScheduleOptions();

    /// <summary>Runs until it is cancelled.</summary>
    public Task RunAsync(SupervisedWork work, CancellationToken cancellationToken) => new LeaseTerms(LeaseName, leases, time)
        .RunAsync(work, (fence, term) => FireWhileHeldAsync(fence, work, term), work.Succeeded, LogLeaseLost, cancellationToken);

    private async Task FireWhileHeldAsync(Fence fence, SupervisedWork work, CancellationToken term)
    {
        while (true)
        {
            var settled = await FireDueAsync(fence, term);
            work.Succeeded();
            if (settled < options.BatchMax) await Task.Delay(await UntilNextAsync(term), time, term);
        }
    }

    /// <summary>One round: fires what is due now, at most one batch.</summary>
    /// <returns>How many are no longer due because of it: those that failed unexpectedly are not, so that a store in trouble is not asked
    /// without a pause.</returns>
    internal async Task<int> FireDueAsync(Fence? fence, CancellationToken cancellationToken)
    {
        var due = await engine.Log.DueAsync(time.GetUtcNow(), options.BatchMax, cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken };
        var settled = 0;
        await Parallel.ForEachAsync(due.GroupBy(transition => (transition.Tenant, transition.Id)), parallel, async (entity, ct) =>
        {
            foreach (var transition in entity)
            {
                if (await FireOneAsync(transition, fence, ct)) Interlocked.Increment(ref settled);
            }
        });
        return settled;
    }

    private async Task<bool> FireOneAsync(DueTransition due, Fence? fence, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await engine.FireAsync(new Caller(due.Tenant, Actor) { Fence = fence }, due, cancellationToken);
            if (outcome.Error is { } error) LogRefused(due.Tenant, due.Id, due.Schedule.Transition, error.Code);
            else LogOutcome(due.Tenant, due.Id, due.Schedule.Transition, outcome.Value);
            return outcome.IsOk && outcome.Value != ScheduleOutcome.Conflict;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogThrew(e, due.Tenant, due.Id, due.Schedule.Transition); // one entity's trouble must not hold up the others
            return false;
        }
    }

    private async Task<TimeSpan> UntilNextAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var next = await engine.Log.DueAsync(now + options.Period, 1, cancellationToken);
        if (next.Count == 0 || next[0].Schedule.DueAt <= now) return options.Period; // what is still due was left for the next round
        var pause = next[0].Schedule.DueAt - now;
        return pause > ShortestPause ? pause : ShortestPause;
    }
}
