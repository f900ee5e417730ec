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

    /// <summary>Tells of a change; never waits.</summary>
    void Tell(EntityRevision change);

    /// <summary>Works until cancelled; called only while the lease is held.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Lets a controller look at each of its resources: all of them at the start and each period, and one when it or something related has changed. Failures are tried again
/// with exponential back-off and never end the loop.
/// </summary>
internal sealed partial class ControllerLoop<TSpec, TStatus>(
    Controller<TSpec, TStatus> controller, ResourceStore<TSpec, TStatus> store, IEntityLog log, TimeProvider time, ILogger logger) : IControllerLoop
{
    private static readonly TimeSpan BackOff = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BackOffMax = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<WorkKey, int> failures = new();
    private WorkQueue queue = new(time);

    public string Name => controller.Name;

    public void Tell(EntityRevision change)
    {
        var target = Volatile.Read(ref queue);
        if (change.Model == controller.Kind.Model) target.Add(new WorkKey(change.Tenant, change.Id));
        foreach (var related in controller.Related)
        {
            if (related.Kind.Model != change.Model || related.Affects(change) is not { } affected) continue;
            if (controller.Kind.TryParseId(affected, out var id)) target.Add(new WorkKey(change.Tenant, id));
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var work = new WorkQueue(time); // what a former term left as running will never be done
        Volatile.Write(ref queue, work);
        var listing = ListAsync(work, cancellationToken);
        using var slots = new SemaphoreSlim(controller.Parallelism);
        var running = new ConcurrentDictionary<WorkKey, Task>();
        try
        {
            while (true)
            {
                await slots.WaitAsync(cancellationToken);
                var key = await work.NextAsync(cancellationToken);
                running[key] = Task.Run(() => WorkAsync(work, key, slots, running, cancellationToken), CancellationToken.None);
            }
        }
        finally
        {
            await Task.WhenAll([.. running.Values, listing]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WorkAsync(WorkQueue work, WorkKey key, SemaphoreSlim slots, ConcurrentDictionary<WorkKey, Task> running, CancellationToken cancellationToken)
    {
        var again = await LookAsync(key, cancellationToken);
        running.TryRemove(key, out _);
        slots.Release();
        work.Done(key, again);
    }

    private async Task<TimeSpan?> LookAsync(WorkKey key, CancellationToken cancellationToken)
    {
        try
        {
            var revision = await log.ReadAsync(key.Tenant, key.Id, AsOf.Latest, cancellationToken);
            var again = revision is null || revision.Model != controller.Kind.Model ? null : await controller.ReconcileAsync(store.ToResource(revision), cancellationToken);
            failures.TryRemove(key, out _);
            return again;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) // whatever a controller throws must not end the others' work
        {
            var count = failures.AddOrUpdate(key, 1, static (_, x) => x + 1);
            ReconcileFailed(logger, controller.Name, controller.Kind.IdOf(key.Id), count, e);
            var delay = BackOff * Math.Pow(2, Math.Min(count - 1, 16));
            return delay < BackOffMax ? delay : BackOffMax;
        }
    }

    private async Task ListAsync(WorkQueue work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await foreach (var resource in store.AllAsync(null, null, cancellationToken)) work.Add(KeyOf(resource));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ListFailed(logger, controller.Name, e);
            }
            await Task.Delay(controller.Period, time, cancellationToken);
        }
    }

    private WorkKey KeyOf(Resource<TSpec, TStatus> resource)
    {
        var tenant = controller.Kind.Scope == KindScope.Platform ? TenantId.Platform : OrganizationKind.Kind.TryParseId(resource.Org, out var org) ? new TenantId(org.Value) : TenantId.Platform;
        return controller.Kind.TryParseId(resource.Id, out var id) ? new WorkKey(tenant, id) : throw new FormatException($"\"{resource.Id}\" is not an id of a {controller.Kind.Name}.");
    }
}
