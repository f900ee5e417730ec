using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;

namespace Strata.EntityApi.Retention;

/// <summary>Applies the retention rules each hour, and a rule that is new or changed at once, on one server at a time: whoever holds the lease <c>controller/retention-rules</c>.</summary>
internal sealed partial class RetentionHost(
    RetentionSweep sweep, RetentionOptions options, ChangeFeed feed, ILeases leases, TimeProvider time, ILogger<RetentionHost> logger) : BackgroundService
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ListenFor = TimeSpan.FromSeconds(30);

    private readonly string holder = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var lease = await HeldLease.TryTakeAsync(leases, "controller/retention-rules", holder, LeaseTime, time, stoppingToken);
                if (lease is not null) await RunTermAsync(lease, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                TermEnded(logger, e);
            }
            await Task.Delay(TryInterval, time, stoppingToken);
        }
    }

    private async Task RunTermAsync(HeldLease lease, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        HashSet<string> models = [StoredModel.Key.Name];
        using var follower = await feed.FollowAsync(new FeedFilter(Models: models), term.Token); // before the first look, so that no rule falls in between
        while (true)
        {
            var lookedAt = time.GetTimestamp();
            await sweep.RunAllAsync(term.Token);
            var seen = new Dictionary<(TenantId, EntityId), int>();
            while (time.GetElapsedTime(lookedAt) < options.Interval)
            {
                var changes = await follower.NextAsync(ListenFor, term.Token);
                await sweep.RunAsync([.. changes.Where(change => IsNewRule(change, seen))], term.Token);
            }
        }
    }

    // Models also change because documents widen them and because the sweep notes what it does: a look at each would cost more than it finds.
    private static bool IsNewRule(EntityRevision model, Dictionary<(TenantId, EntityId), int> seen)
    {
        if (model.Deleted || ModelRetention.DaysOf(model) is not { } days || seen.GetValueOrDefault((model.Tenant, model.Id)) == days) return false;
        seen[(model.Tenant, model.Id)] = days;
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Retention rules are not applied here for now")]
    private static partial void TermEnded(ILogger logger, Exception exception);
}
