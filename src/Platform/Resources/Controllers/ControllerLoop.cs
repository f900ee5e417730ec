using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>One controller at work, whatever its kind.</summary>
internal interface IControllerLoop
{
    string Name { get; }

    /// <summary>Names of the models whose changes concern it.</summary>
    IEnumerable<string> Models { get; }

    /// <summary>Tells of a change; never waits.</summary>
    void Tell(EntityRevision change);

    /// <summary>Works until cancelled, and returns when the last look has ended; called only while the lease is held.</summary>
    /// <param name="term">For all commits of this run.</param>
    Task RunAsync(Fence? term, CancellationToken cancellationToken);

    ControllerHealth Health();
}

/// <summary>
/// Lets a controller look at each of its resources: all of them at the start and each period, and one when it or something related has changed. Failures are tried again
/// with exponential back-off and never end the loop.
/// </summary>
internal sealed partial class ControllerLoop<TSpec, TStatus>(
    Controller<TSpec, TStatus> controller, ResourceStore<TSpec, TStatus> store, IEntityLog log, TimeProvider time, ILogger logger) : IControllerLoop
{
    private readonly string actor = "controller:" + controller.Name;
    private readonly BackOff backOff = new();
    private readonly ConcurrentDictionary<WorkKey, Task> running = new();
    private WorkQueue queue = new(time);
    private string? lastError;
    private volatile bool isActive;

    public string Name => controller.Name;

    public IEnumerable<string> Models => [controller.Kind.Model.Name, .. controller.Related.Select(r => r.Kind.Model.Name)];

    public ControllerHealth Health() =>
        new(Name, isActive, Volatile.Read(ref queue).Waiting, running.Count, backOff.Failing, backOff.Failing == 0 ? null : Volatile.Read(ref lastError));

    public void Tell(EntityRevision change)
    {
        if (isActive) controller.Notice(change);
        var target = Volatile.Read(ref queue);
        var byItself = change.ChangedBy == actor;
        if (change.Model == controller.Kind.Model) target.Add(new WorkKey(change.Tenant, change.Id), byItself);
        foreach (var related in controller.Related)
        {
            if (related.Kind.Model != change.Model || related.Affects(change) is not { } affected) continue;
            if (controller.Kind.TryParseId(affected, out var id)) target.Add(new WorkKey(TenantOf(change), id), byItself);
        }
    }

    public async Task RunAsync(Fence? term, CancellationToken cancellationToken)
    {
        controller.Term = term;
        var work = new WorkQueue(time); // what a former term left as running will never be done
        Volatile.Write(ref queue, work);
        isActive = true;
        var listing = ListAsync(work, cancellationToken);
        try
        {
            await DispatchAsync(work, cancellationToken);
        }
        finally
        {
            isActive = false;
            await Task.WhenAll([.. running.Values, listing]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task DispatchAsync(WorkQueue work, CancellationToken cancellationToken)
    {
        var slots = new SemaphoreSlim(controller.Parallelism); // not disposed: looks may outlive the dispatch
        while (true)
        {
            await slots.WaitAsync(cancellationToken);
            var key = await work.NextAsync(cancellationToken);
            var look = new Task<Task>(() => WorkAsync(work, key, slots, cancellationToken));
            running[key] = look.Unwrap(); // known before it begins, because it forgets itself at its end
            look.Start(TaskScheduler.Default);
        }
    }

    private async Task WorkAsync(WorkQueue work, WorkKey key, SemaphoreSlim slots, CancellationToken cancellationToken)
    {
        var done = await LookAsync(key, cancellationToken);
        running.TryRemove(key, out _);
        work.Done(key, done);
        slots.Release();
    }

    private async Task<WorkDone> LookAsync(WorkKey key, CancellationToken cancellationToken)
    {
        try
        {
            var revision = await log.ReadAsync(key.Tenant, key.Id, AsOf.Latest, cancellationToken);
            var isThere = revision is not null && revision.Model == controller.Kind.Model;
            var again = isThere ? await controller.ReconcileAsync(store.ToResource(revision!), cancellationToken) : null;
            backOff.Succeed(key);
            return new WorkDone(Failed: false, again);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return default;
        }
        catch (Exception e) // whatever a controller throws must not end the others' work
        {
            return Fail(key, e);
        }
    }

    private WorkDone Fail(WorkKey key, Exception exception)
    {
        var count = backOff.Fail(key);
        Volatile.Write(ref lastError, exception.Message);
        ReconcileFailed(logger, controller.Name, controller.Kind.IdOf(key.Id), count, exception);
        return new WorkDone(Failed: true, BackOff.DelayAfter(count, Random.Shared.NextDouble()));
    }

    private async Task ListAsync(WorkQueue work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await foreach (var revision in store.RevisionsAsync(cancellationToken)) work.Add(new WorkKey(revision.Tenant, revision.Id), byItself: true);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                ListFailed(logger, controller.Name, e);
            }
            await Task.Delay(controller.Period, time, cancellationToken);
        }
    }

    private TenantId TenantOf(EntityRevision change) => controller.Kind.Scope == KindScope.Platform ? TenantId.Platform : change.Tenant;
}
