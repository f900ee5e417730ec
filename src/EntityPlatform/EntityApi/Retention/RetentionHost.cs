using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Feed;

namespace Strata.EntityApi.Retention;

/// <summary>
/// Applies the retention rules each hour, and a rule that is new or changed at once, on one server at a time: the holder of the lease
/// <c>controller/retention-rules</c>.
/// </summary>
internal sealed class RetentionHost(
    RetentionSweep sweep, RetentionOptions options, ChangeFeed feed, ILeases leases, TimeProvider time, Supervisor supervisor)
    : LeasedService("retention-rules", leases, time, supervisor)
{
    private static readonly TimeSpan ListenFor = TimeSpan.FromSeconds(30);

    private readonly TimeProvider time = time;

    protected override async Task RunTermAsync(SupervisedWork work, Fence fence, CancellationToken term)
    {
        HashSet<string> models = [StoredModel.Key.Name];
        // before the first look, so that no rule falls in between
        using var follower = await feed.FollowAsync(new FeedFilter(Models: models), term);
        while (true)
        {
            var lookedAt = time.GetTimestamp();
            await sweep.RunAllAsync(fence, term);
            work.Succeeded();
            var seen = new Dictionary<(TenantId, EntityId), int>();
            while (time.GetElapsedTime(lookedAt) < options.Interval)
            {
                var changes = await follower.NextAsync(ListenFor, term);
                await sweep.RunAsync(fence, [.. changes.Where(change => IsNewRule(change, seen))], term);
            }
        }
    }

    // Models also change because documents widen them and because the sweep notes what it does: a look at each would cost more than it
    // finds.
    private static bool IsNewRule(EntityRevision model, Dictionary<(TenantId, EntityId), int> seen)
    {
        if (model.Deleted || ModelRetention.DaysOf(model) is not { } days || seen.GetValueOrDefault((model.Tenant, model.Id)) == days)
            return false;
        seen[(model.Tenant, model.Id)] = days;
        return true;
    }
}
