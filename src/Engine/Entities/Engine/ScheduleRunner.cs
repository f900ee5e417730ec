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

    /// <summary>Entities worked on at once: a processor may take a day, and must hold up no other organization meanwhile.</summary>
    public ShareSize AtOnce { get; init; } = new(128) { PerOrganizationMax = 8 };
}

/// <summary>
/// Fires scheduled transitions of all tenants when they are due, those of one entity one after the other. On one server at a time, by the
/// lease <c>schedules</c>; its commits carry the lease's fence, and even two at once would fire nothing twice, because the log accepts only
/// the first. When the store is away it waits and tries again. Each organization has its share of what is worked on at once; what finds no
/// place waits in the log.
/// </summary>
public sealed partial class ScheduleRunner(
    EntityEngine engine, ILeases leases, TimeProvider time, ILogger<ScheduleRunner> logger, ScheduleOptions options) : IShareReport
{
    public const string LeaseName = "schedules";
    public const string Actor = "system:scheduler";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly FairShare places = new("scheduled transitions", options.AtOnce);
    private readonly Dictionary<(TenantId, EntityId), Task> working = [];

    /// <summary>Whether something is due that found no place; then whatever ends is a reason to look again.</summary>
    private bool isWaiting;

    public IEnumerable<ShareUse> Shares => [places.Use];

    /// <summary>Read in one look: more than can be at work, so that what is at work already does not fill it.</summary>
    private int LookMax => (int)options.AtOnce.Total * 2;

    /// <summary>Of one organization, where not all that is due is seen in one look.</summary>
    private int EachMax => (int)options.AtOnce.PerOrganizationMax * 2;

    /// <summary>Runs until it is cancelled.</summary>
    public Task RunAsync(SupervisedWork work, CancellationToken cancellationToken) => new LeaseTerms(LeaseName, leases, time)
        .RunAsync(work, (fence, term) => FireWhileHeldAsync(fence, work, term), work.Succeeded, LogLeaseLost, cancellationToken);

    private async Task FireWhileHeldAsync(Fence fence, SupervisedWork work, CancellationToken term)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(term);
        try
        {
            while (true)
            {
                try
                {
                    await StartDueAsync(fence, end.Token);
                    work.Succeeded();
                    await PauseAsync(end.Token);
                }
                catch (Exception e) when (!term.IsCancellationRequested)
                {
                    // What is at work goes on: a look that failed is no reason to end a processor's call.
                    work.Failed(e);
                    await Task.Delay(options.Period, time, term);
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await EndedAsync();
        }
    }

    /// <summary>Starts what is due now, as far as there is place. Not to be called twice at once.</summary>
    /// <returns>On how many entities it started work.</returns>
    internal async Task<int> StartDueAsync(Fence? fence, CancellationToken cancellationToken)
    {
        foreach (var (entity, work) in working)
        {
            if (work.IsCompleted) working.Remove(entity);
        }
        var due = await DueAsync(cancellationToken);
        var before = working.Count;
        var full = new HashSet<TenantId>();
        foreach (var entity in due.GroupBy(transition => (transition.Tenant, transition.Id)))
        {
            if (working.ContainsKey(entity.Key) || full.Contains(entity.Key.Tenant)) continue;
            if (places.TryTake(entity.Key.Tenant).TryGet(out var place, out _))
                working[entity.Key] = FireAsync([.. entity], fence, place, cancellationToken);
            else full.Add(entity.Key.Tenant);
        }
        isWaiting = full.Count > 0 || due.Count == LookMax;
        return working.Count - before;
    }

    /// <summary>Waits for all that is at work.</summary>
    internal Task EndedAsync() => Task.WhenAll(working.Values);

    /// <summary>All that is due; where that is too much for one look, some of each tenant.</summary>
    private async Task<IReadOnlyList<DueTransition>> DueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var due = await engine.Log.DueAsync(now, LookMax, null, cancellationToken);
        return due.Count < LookMax ? due : await engine.Log.DueAsync(now, LookMax, EachMax, cancellationToken);
    }

    private async Task FireAsync(IReadOnlyList<DueTransition> due, Fence? fence, ShareLease place, CancellationToken cancellationToken)
    {
        using var held = place;
        try
        {
            foreach (var transition in due)
            {
                // What is due still keeps its place for a while: a store in trouble is not asked without a pause.
                if (!await FireOneAsync(transition, fence, cancellationToken)) await Task.Delay(options.Period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The term has ended: whoever has the next one finds it due.
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

    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(await UntilNextAsync(cancellationToken), time, end.Token);
        await Task.WhenAny(isWaiting ? [pause, .. working.Values] : [pause]);
        await end.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<TimeSpan> UntilNextAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var next = await engine.Log.DueAsync(now + options.Period, 1, null, cancellationToken);
        if (next.Count == 0 || next[0].Schedule.DueAt <= now) return options.Period; // what is still due was left for the next round
        var pause = next[0].Schedule.DueAt - now;
        return pause > ShortestPause ? pause : ShortestPause;
    }
}
