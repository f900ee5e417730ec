using Strata.Core;
using Strata.Deployments.Rollout;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Contracts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Placement;

/// <summary>
/// What is promised of each node to which instances: summed up once, and kept by the informers' changes, so that a placement costs the
/// nodes and not the instances. What placement has just written counts at once, until the view holds it. Safe for concurrent use.
/// </summary>
internal sealed class PlacementBook
{
    private readonly DeploymentViews views;
    private readonly Lock gate = new();
    private readonly Dictionary<ResourceKey, Promise> promises = [];
    private readonly Dictionary<string, PromiseSum> byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<TenantId, Dictionary<string, PromiseSum>> byTenant = [];
    private readonly Dictionary<(TenantId, string), HashSet<ResourceKey>> byDeployment = [];
    private readonly Dictionary<EntityId, NodeRoom> nodes = [];

    /// <summary>Placed by this server, and not yet in the view.</summary>
    private readonly Dictionary<ResourceKey, (Promise Promise, Revision Revision)> assumed = [];

    public PlacementBook(DeploymentViews views)
    {
        this.views = views;
        views.Nodes.Untyped.Observe(NodeChanged);
        views.Instances.Untyped.Observe(InstanceChanged);
    }

    /// <summary>Counts a placement that was just written.</summary>
    /// <param name="placed">As it was written.</param>
    public void Assume(InstanceResource placed)
    {
        var tenant = StoreQueries.Tenant(placed.Org);
        var key = new ResourceKey(tenant, NodeKinds.Instance.EntityOf(placed.Id));
        lock (gate) assumed[key] = (Promise.Of(placed), new Revision(placed.Revision));
    }

    /// <summary>The input of a placement decision.</summary>
    public PlacementLook Look(InstanceResource instance)
    {
        var tenant = StoreQueries.Tenant(instance.Org);
        ForgetReached();
        lock (gate)
        {
            List<KeyValuePair<ResourceKey, Promise>> added =
                [.. assumed.Where(a => !promises.ContainsKey(a.Key)).Select(a => KeyValuePair.Create(a.Key, a.Value.Promise))];
            var loads = nodes.Values.Where(n => n.IsOpen).Select(n => LoadOf(n, tenant, instance.Spec.Deployment, added)).ToList();
            var own = new PromiseSum();
            foreach (var (node, sum) in byTenant.GetValueOrDefault(tenant) ?? [])
            {
                if (loads.Exists(n => n.Id == node)) own.Add(sum); // those on lost nodes are being replaced
            }
            foreach (var (key, promise) in added)
            {
                if (key.Tenant == tenant && loads.Exists(n => n.Id == promise.Node)) own.Add(promise);
            }
            return new PlacementLook(loads, own.ToPromised(), IsUpdate(tenant, instance, loads, added));
        }
    }

    /// <summary>The hub is called outside of the lock, which its feed takes while holding its own.</summary>
    private void ForgetReached()
    {
        KeyValuePair<ResourceKey, (Promise Promise, Revision Revision)>[] waiting;
        lock (gate) waiting = [.. assumed];
        foreach (var (key, entry) in waiting)
        {
            if (!views.Hub.HasReached(key.Tenant, entry.Revision)) continue;
            lock (gate) assumed.Remove(key);
        }
    }

    private NodeLoad LoadOf(NodeRoom node, TenantId tenant, string deployment, List<KeyValuePair<ResourceKey, Promise>> added)
    {
        var sum = new PromiseSum();
        if (byNode.TryGetValue(node.Id, out var known)) sum.Add(known);
        var siblings = 0;
        foreach (var sibling in byDeployment.GetValueOrDefault((tenant, deployment)) ?? [])
            siblings += promises[sibling].Node == node.Id ? 1 : 0;
        foreach (var (key, promise) in added)
        {
            if (promise.Node != node.Id) continue;
            sum.Add(promise);
            if (key.Tenant == tenant && promise.Deployment == deployment) siblings++;
        }
        return new NodeLoad(node.Id, node.Cpus, node.MemoryBytes, sum.Instances, sum.Cpu, sum.MemoryBytes, siblings);
    }

    /// <summary>It replaces one of another release or generation.</summary>
    private bool IsUpdate(TenantId tenant, InstanceResource instance, List<NodeLoad> loads, List<KeyValuePair<ResourceKey, Promise>> added)
    {
        var siblings = (byDeployment.GetValueOrDefault((tenant, instance.Spec.Deployment)) ?? []).Select(k => promises[k])
            .Concat(added.Where(a => a.Key.Tenant == tenant && a.Value.Deployment == instance.Spec.Deployment).Select(a => a.Value));
        var generation = Promise.GenerationOf(instance);
        return siblings.Any(s => (s.Release != instance.Spec.Release || s.Generation != generation) && loads.Exists(n => n.Id == s.Node));
    }

    private void NodeChanged(EntityRevision? was, EntityRevision? now)
    {
        var node = now is null ? null : views.Nodes.TryToResource(now);
        lock (gate)
        {
            if (was is not null) nodes.Remove(was.Id);
            if (node is not null)
                nodes[now!.Id] = new NodeRoom(
                    node.Id, node.State == NodeStates.Up && node.Spec.Schedulable, node.Status.Cpus, node.Status.MemoryBytes);
        }
    }

    private void InstanceChanged(EntityRevision? was, EntityRevision? now)
    {
        var promise = now is null || now.State is InstanceStates.Stopped or InstanceStates.Failed or InstanceStates.Pending ? null
            : views.Instances.TryToResource(now) is { Spec.Node: not null } placed ? Promise.Of(placed) : null;
        var either = (now ?? was)!;
        var key = new ResourceKey(either.Tenant, either.Id);
        lock (gate)
        {
            if (promises.Remove(key, out var before)) Take(key, before);
            if (promise is not null) Put(key, promise);
        }
    }

    private void Put(ResourceKey key, Promise promise)
    {
        promises[key] = promise;
        SumOf(byNode, promise.Node).Add(promise);
        if (!byTenant.TryGetValue(key.Tenant, out var own)) byTenant[key.Tenant] = own = new(StringComparer.Ordinal);
        SumOf(own, promise.Node).Add(promise);
        if (!byDeployment.TryGetValue((key.Tenant, promise.Deployment), out var siblings))
            byDeployment[(key.Tenant, promise.Deployment)] = siblings = [];
        siblings.Add(key);
    }

    private void Take(ResourceKey key, Promise promise)
    {
        Subtract(byNode, promise);
        var own = byTenant[key.Tenant];
        Subtract(own, promise);
        if (own.Count == 0) byTenant.Remove(key.Tenant);
        var siblings = byDeployment[(key.Tenant, promise.Deployment)];
        siblings.Remove(key);
        if (siblings.Count == 0) byDeployment.Remove((key.Tenant, promise.Deployment));
    }

    private static PromiseSum SumOf(Dictionary<string, PromiseSum> sums, string node)
    {
        if (!sums.TryGetValue(node, out var sum)) sums[node] = sum = new PromiseSum();
        return sum;
    }

    private static void Subtract(Dictionary<string, PromiseSum> sums, Promise promise)
    {
        var sum = sums[promise.Node];
        sum.Subtract(promise);
        if (sum.Instances == 0) sums.Remove(promise.Node);
    }

    private sealed record NodeRoom(string Id, bool IsOpen, int Cpus, long MemoryBytes);
}

/// <summary>What a placement is decided by.</summary>
/// <param name="Nodes">Those that are up and take new instances.</param>
/// <param name="Own">What the instance's organization is promised on them.</param>
/// <param name="IsUpdate">The instance replaces one of its deployment.</param>
internal sealed record PlacementLook(IReadOnlyList<NodeLoad> Nodes, Promised Own, bool IsUpdate);

/// <summary>What placement remembers of an instance that has a node: a few values, whatever the size of its spec.</summary>
internal sealed record Promise(string Node, string Deployment, string? Release, string? Generation, long MemoryBytes, long MicroCores)
{
    public static Promise Of(InstanceResource x) =>
        new(x.Spec.Node!, x.Spec.Deployment, x.Spec.Release, GenerationOf(x), x.Spec.MemoryBytes,
            (long)Math.Round(x.Spec.Cpu * PromiseSum.MicroPerCore));

    public static string? GenerationOf(InstanceResource instance) => instance.Labels.GetValueOrDefault(RolloutObserver.GenerationLabel);
}

/// <summary>A sum of reservations. In whole millionths of a core, so that additions and subtractions leave no remainder.</summary>
internal sealed class PromiseSum
{
    public const double MicroPerCore = 1e6;

    private long microCores;

    public int Instances { get; private set; }
    public long MemoryBytes { get; private set; }
    public double Cpu => microCores / MicroPerCore;

    public void Add(Promise promise) => Add(1, promise.MemoryBytes, promise.MicroCores);

    public void Add(PromiseSum sum) => Add(sum.Instances, sum.MemoryBytes, sum.microCores);

    public void Subtract(Promise promise) => Add(-1, -promise.MemoryBytes, -promise.MicroCores);

    public Promised ToPromised() => new(Instances, Cpu, MemoryBytes);

    private void Add(int instances, long memory, long micro)
    {
        Instances += instances;
        MemoryBytes += memory;
        microCores += micro;
    }
}
