using Strata.Core;

namespace Strata.Resources.Feed;

/// <summary>
/// Callers that wait until a log has been delivered up to a revision. Bounded by the number of callers. Used under the feed's lock.
/// </summary>
internal sealed class FeedWaiters
{
    private readonly Dictionary<TenantId, List<Wait>> byTenant = [];

    public Wait Add(TenantId tenant, Revision revision)
    {
        var wait = new Wait(tenant, revision);
        if (!byTenant.TryGetValue(tenant, out var waits)) byTenant[tenant] = waits = [];
        waits.Add(wait);
        return wait;
    }

    public void Remove(Wait wait)
    {
        if (byTenant.TryGetValue(wait.Tenant, out var waits) && waits.Remove(wait) && waits.Count == 0) byTenant.Remove(wait.Tenant);
    }

    public void Reached(TenantId tenant, Revision position)
    {
        if (byTenant.Count == 0 || !byTenant.TryGetValue(tenant, out var waits)) return;
        waits.RemoveAll(w => w.TryEnd(position));
        if (waits.Count == 0) byTenant.Remove(tenant);
    }

    internal sealed class Wait(TenantId tenant, Revision revision)
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TenantId Tenant => tenant;
        public Task Task => reached.Task;

        public bool TryEnd(Revision position) => position >= revision && reached.TrySetResult();
    }
}
