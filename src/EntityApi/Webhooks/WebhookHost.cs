using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Webhooks;

/// <summary>
/// Runs a loop for each active webhook of the cloud, on one server at a time: whoever holds the lease <c>controller/webhooks</c>. Loops do not wait for one another. A webhook that
/// changes begins its loop anew; one that is deleted takes along what was kept of it.
/// </summary>
internal sealed partial class WebhookHost(
    WebhookParts parts, ResourceStore<WebhookSpec, WebhookStatus> store, ILeases leases, ILogger<WebhookHost> logger)
    : LeasedService("webhooks", leases, parts.Time, logger)
{
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ListenFor = TimeSpan.FromSeconds(30);

    private readonly WebhookParts parts = parts;
    private readonly ILogger logger = logger;

    protected override async Task RunTermAsync(CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loops = new Dictionary<EntityId, RunningLoop>();
        try
        {
            HashSet<string> webhooks = [WebhookKind.Kind.Model.Name];
            using var follower = await parts.Feed.FollowAsync(new FeedFilter(Models: webhooks), term.Token); // before the list, so that nothing falls in between
            await foreach (var webhook in store.AllAsync(null, null, term.Token)) Begin(loops, webhook, term.Token);
            while (true)
            {
                foreach (var change in await follower.NextAsync(ListenFor, term.Token)) await ChangeAsync(loops, change, term.Token);
            }
        }
        finally
        {
            await term.CancelAsync();
            await Task.WhenAll(loops.Values.Select(l => l.Task));
            foreach (var loop in loops.Values) loop.Stop.Dispose();
        }
    }

    private async Task ChangeAsync(Dictionary<EntityId, RunningLoop> loops, EntityRevision change, CancellationToken term)
    {
        if (!change.Deleted)
        {
            Begin(loops, store.ToResource(change), term);
            return;
        }
        if (loops.Remove(change.Id, out var running))
        {
            await running.Stop.CancelAsync();
            await running.Task;
            running.Stop.Dispose();
        }
        await new WebhookMarks(parts.Marks, change.Tenant, change.Id).ForgetAllAsync(term);
    }

    /// <summary>Begins its loop, behind the end of the former one.</summary>
    private void Begin(Dictionary<EntityId, RunningLoop> loops, Resource<WebhookSpec, WebhookStatus> webhook, CancellationToken term)
    {
        if (!WebhookKind.Kind.TryParseId(webhook.Id, out var id) || !TenantId.TryParse(webhook.Org, out var tenant)) return;
        var former = loops.GetValueOrDefault(id);
        if (former?.Revision >= webhook.Revision) return;
        var stop = CancellationTokenSource.CreateLinkedTokenSource(term);
        var loop = new WebhookLoop(parts, tenant, id, webhook);
        loops[id] = new RunningLoop(webhook.Revision, stop, Task.Run(() => RunAsync(loop, webhook, former, stop.Token), CancellationToken.None));
    }

    private async Task RunAsync(WebhookLoop loop, Resource<WebhookSpec, WebhookStatus> webhook, RunningLoop? former, CancellationToken cancellationToken)
    {
        if (former is not null)
        {
            await former.Stop.CancelAsync();
            await former.Task;
            former.Stop.Dispose();
        }
        while (webhook.State == WebhookKind.Active && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                await loop.RunAsync(cancellationToken);
                return; // it needs a change of the webhook to go on
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested) // one webhook's trouble must not end the others' work
            {
                LoopFailed(logger, webhook.Id, e);
                await Task.Delay(TryInterval, parts.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} failed and begins anew")]
    private static partial void LoopFailed(ILogger logger, string webhook, Exception exception);

    private sealed record RunningLoop(long Revision, CancellationTokenSource Stop, Task Task);
}
