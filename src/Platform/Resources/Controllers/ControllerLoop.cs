using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>One running controller, of any kind.</summary>
internal interface IControllerLoop
{
    string Name { get; }

    /// <summary>Names of the models whose changes concern it.</summary>
    IEnumerable<string> Models { get; }

    /// <summary>Notifies it of a change; never waits.</summary>
    void Notify(EntityRevision change);

    /// <summary>Works until cancelled, and returns when the last look has ended; called only while the lease is held.</summary>
    /// <param name="term">For all commits of this run.</param>
    Task RunAsync(Fence? term, CancellationToken cancellationToken);

    ControllerHealth Health();
}

/// <summary>
/// Lets a controller reconcile each of its resources: all of them at the start and each period, and one when it or something related has
/// changed. Failures are retried with exponential back-off and never end the loop.
/// <para>It reads from the informers only. Before the first look of a term they have caught up with every log, so what former holders of
/// the lease have written is seen; before each look they have caught up with what this server has committed in the resource's organization.
/// After a look that failed, whose writes may have taken effect without this server knowing, they catch up with the store before the next
/// look in that organization.</para>
/// </summary>
internal sealed partial class ControllerLoop<TSpec, TStatus>(
    Controller<TSpec, TStatus> controller, ResourceStore<TSpec, TStatus> store, InformerHub informers, TimeProvider time, ILogger logger)
        : IControllerLoop
{
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(1);

    private readonly KindInformer informer = informers.Of(store.Kind);
    private readonly string actor = "controller:" + controller.Name;
    private readonly BackOff backOff = new();
    private readonly ConcurrentDictionary<WorkKey, Task> running = new();

    /// <summary>
    /// Organizations in which a look has failed since the views caught up with the store there, each with a mark of the last failure.
    /// </summary>
    private readonly ConcurrentDictionary<TenantId, object> unsure = new();
    private WorkQueue queue = new(time);
    private string? lastError;
    private volatile bool isActive;

    public string Name => controller.Name;

    public IEnumerable<string> Models => [controller.Kind.Model.Name, .. controller.Related.Select(r => r.Kind.Model.Name)];

    public ControllerHealth Health() =>
        new(Name, isActive, Volatile.Read(ref queue).Waiting, running.Count, backOff.Failing,
            backOff.Failing == 0 ? null : Volatile.Read(ref lastError));

    public void Notify(EntityRevision change)
    {
        if (isActive) controller.Notice(change);
        var target = Volatile.Read(ref queue);
        var byItself = change.ChangedBy == actor;
        if (change.Model == controller.Kind.Model) target.Add(new WorkKey(change.Tenant, change.Id), byItself);
        foreach (var related in controller.Related)
        {
            if (related.Kind.Model != change.Model) continue;
            foreach (var affected in related.Affects(change)) target.Add(new WorkKey(TenantOf(affected), affected.Id), byItself);
        }
    }

    public async Task RunAsync(Fence? term, CancellationToken cancellationToken)
    {
        controller.BeginTerm(term, time.GetUtcNow());
        var work = new WorkQueue(time); // what an earlier term left as running will never finish
        Volatile.Write(ref queue, work);
        isActive = true;
        var listing = Task.CompletedTask;
        try
        {
            await BeginAsync(cancellationToken);
            listing = ListAsync(work, cancellationToken);
            await DispatchAsync(work, cancellationToken);
        }
        finally
        {
            isActive = false;
            await Task.WhenAll([.. running.Values, listing]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await informers.CatchUpWithStoreAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                ListFailed(logger, controller.Name, e);
                await Task.Delay(TryInterval, time, cancellationToken);
            }
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
        using var about = logger.BeginScope(new LogSubject(key.Tenant, controller.Kind.IdOf(key.Id)));
        using var look = ControllerMetrics.Start(controller.Name, controller.Kind, key);
        try
        {
            await CatchUpAsync(key.Tenant, cancellationToken);
            var again = informer.Get(new ResourceKey(key.Tenant, key.Id)) is { } revision
                ? await controller.ReconcileAsync(store.ToResource(revision), cancellationToken) : null;
            backOff.Succeed(key);
            look.Succeeded();
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

    private async Task CatchUpAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await informers.WhenSyncedAsync(cancellationToken);
        if (!unsure.TryGetValue(tenant, out var mark))
        {
            await informers.CatchUpAsync(tenant, cancellationToken);
            return;
        }
        // What belongs to the cloud itself, such as a node, is worked on by writes in any organization.
        if (tenant == TenantId.Platform) await informers.CatchUpWithStoreAsync(cancellationToken);
        else await informers.CatchUpWithStoreAsync(tenant, cancellationToken);
        unsure.TryRemove(new KeyValuePair<TenantId, object>(tenant, mark)); // another look may have failed meanwhile, and then it stays
    }

    private WorkDone Fail(WorkKey key, Exception exception)
    {
        unsure[key.Tenant] = new object();
        var count = backOff.Fail(key);
        Volatile.Write(ref lastError, FailureText.Of(exception));
        ReconcileFailed(logger, controller.Name, controller.Kind.IdOf(key.Id), count, exception);
        return new WorkDone(Failed: true, BackOff.DelayAfter(count, Random.Shared.NextDouble()));
    }

    private async Task ListAsync(WorkQueue work, CancellationToken cancellationToken)
    {
        while (true)
        {
            await informer.WhenSyncedAsync(cancellationToken);
            foreach (var key in informer.Keys()) work.Add(new WorkKey(key.Tenant, key.Id), byItself: true);
            await Task.Delay(controller.Period, time, cancellationToken);
        }
    }

    private TenantId TenantOf(ResourceKey affected) => controller.Kind.Scope == KindScope.Platform ? TenantId.Platform : affected.Tenant;
}
