using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Webhooks;

/// <summary>
/// Runs a loop for each active webhook of the cloud, on one server at a time: the holder of the lease <c>controller/webhooks</c>. Loops do
/// not wait for one another. A webhook that changes restarts its loop; when one is deleted, its stored progress is deleted too.
/// </summary>
internal sealed class WebhookHost(
    WebhookParts parts, ResourceStore<WebhookSpec, WebhookStatus> store, ILeases leases, Supervisor supervisor)
    : LeasedService("webhooks", leases, parts.Time, supervisor)
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromSeconds(30);

    private readonly WebhookParts parts = parts;
    private readonly Supervisor supervisor = supervisor;

    protected override async Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loops = new Dictionary<EntityId, RunningLoop>();
        try
        {
            HashSet<string> webhooks = [WebhookKind.Kind.Model.Name];
            // before the list, so that nothing falls in between
            using var follower = await parts.Feed.FollowAsync(new FeedFilter(Models: webhooks), term.Token);
            await foreach (var webhook in store.AllAsync(null, null, term.Token)) Begin(loops, webhook, fence);
            work.Succeeded();
            while (true)
            {
                foreach (var change in await follower.NextAsync(ListenFor, term.Token)) await ChangeAsync(loops, change, fence, term.Token);
            }
        }
        finally
        {
            await term.CancelAsync();
            await Task.WhenAll(loops.Values.Select(l => l.StopAsync()));
        }
    }

    private async Task ChangeAsync(Dictionary<EntityId, RunningLoop> loops, EntityRevision change, Fence fence, CancellationToken term)
    {
        if (!change.Deleted)
        {
            if (store.TryToResource(change) is { } webhook) Begin(loops, webhook, fence);
            return;
        }
        if (loops.Remove(change.Id, out var running)) await running.StopAsync().WaitAsync(term);
        await new WebhookProgress(parts.DurableValues, change.Tenant, change.Id).ForgetAllAsync(term);
    }

    /// <summary>
    /// Stops the former loop and begins the new one behind its end. The stop is not left to the new loop: that may be stopped before it
    /// begins, and the former one would run on.
    /// </summary>
    private void Begin(Dictionary<EntityId, RunningLoop> loops, Resource<WebhookSpec, WebhookStatus> webhook, Fence fence)
    {
        if (!WebhookKind.Kind.TryParseId(webhook.Id, out var id) || !TenantId.TryParse(webhook.Org, out var tenant)) return;
        var former = loops.GetValueOrDefault(id);
        if (former?.Revision >= webhook.Revision) return;
        var loop = new WebhookLoop(parts, tenant, id, webhook, fence);
        var ended = former?.StopAsync() ?? Task.CompletedTask;
        var running = supervisor.StartUntilDone("webhook-delivery", async (work, cancellationToken) =>
        {
            await ended;
            // ends where only a change of the webhook helps
            if (webhook.State == WebhookKind.Active) await loop.RunAsync(work, cancellationToken);
        });
        loops[id] = new RunningLoop(webhook.Revision, running, ended);
    }

    /// <param name="Former">Ends with the loop before this one.</param>
    private sealed record RunningLoop(long Revision, SupervisedWork Work, Task Former)
    {
        /// <summary>Cancels it at once; ends when it has ended, and all before it.</summary>
        public async Task StopAsync()
        {
            await Work.StopAsync(CancellationToken.None);
            await Former;
        }
    }
}
