using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Placement;

/// <summary>Gives each PENDING instance a node that is up, takes new instances and has room. One at a time, because each placement changes the loads.</summary>
internal sealed class PlacementController(DeploymentStores stores, IPlacementStrategy strategy) : Controller<InstanceSpec, InstanceStatus>
{
    private const string Actor = "controller:placement";
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    public override string Name => "placement";

    public override Kind<InstanceSpec, InstanceStatus> Kind => NodeKinds.Instance;

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(InstanceResource resource, CancellationToken cancellationToken)
    {
        if (resource.State != InstanceStates.Pending) return null;
        var need = new InstanceNeed(resource.Spec.Deployment, resource.Spec.MemoryBytes, resource.Spec.Cpu);
        var nodes = await LoadsAsync(resource.Spec.Deployment, cancellationToken);
        var node = strategy.Pick(need, [.. nodes.Where(x => x.HasRoom(need))]);
        if (node is not null) await ChangeAsync(resource, x => x with { Spec = x.Spec with { Node = node }, Status = x.Status with { Message = null } }, "place", cancellationToken);
        else await ChangeAsync(resource, x => x with { Status = x.Status with { Message = Why(need, nodes) } }, null, cancellationToken);
        return node is null ? RetryInterval : null;
    }

    private async Task<List<NodeLoad>> LoadsAsync(string deployment, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeResource>();
        await foreach (var node in stores.Nodes.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (node is { State: NodeStates.Up, Spec.Schedulable: true }) nodes.Add(node);
        }
        if (nodes.Count == 0) return [];
        var placed = new List<InstanceSpec>();
        await foreach (var instance in stores.Instances.AllAsync(null, null, cancellationToken))
        {
            if (instance.Spec.Node is not null && instance.State is not (InstanceStates.Stopped or InstanceStates.Failed)) placed.Add(instance.Spec);
        }
        var byNode = placed.ToLookup(x => x.Node);
        return nodes.ConvertAll(x => LoadOf(x, byNode[x.Id], deployment));
    }

    private static NodeLoad LoadOf(NodeResource node, IEnumerable<InstanceSpec> placed, string deployment)
    {
        var load = new NodeLoad(node.Id, node.Status.Cpus, node.Status.MemoryBytes, 0, 0, 0, 0);
        return placed.Aggregate(load, (sum, x) => sum with
        {
            Instances = sum.Instances + 1,
            CpuPromised = sum.CpuPromised + x.Cpu,
            MemoryPromised = sum.MemoryPromised + x.MemoryBytes,
            Siblings = sum.Siblings + (x.Deployment == deployment ? 1 : 0),
        });
    }

    private static string Why(InstanceNeed need, IReadOnlyCollection<NodeLoad> nodes) => nodes.Count == 0
        ? "No node is up that takes new instances; look at: strata get nodes"
        : $"None of the {nodes.Count} nodes that are up has {ByteText.Format(need.MemoryBytes)} of memory left to promise; lower run.memoryBytes or add a node.";

    private async Task ChangeAsync(InstanceResource resource, Func<InstanceResource, InstanceResource> change, string? transition, CancellationToken cancellationToken)
    {
        var caller = new Caller(StoreQueries.Tenant(resource.Org), Actor);
        var changed = await stores.Instances.ChangeAsync(caller, resource.Id, x => x.State == InstanceStates.Pending ? change(x) : MovedOn, transition, null, cancellationToken);
        if (changed.Error is { } error && error != MovedOn && error.Kind != ErrorKind.NotFound) throw error.ToException();
    }

    /// <summary>The rollout has stopped it meanwhile; never leaves this class.</summary>
    private static readonly Error MovedOn = new(ErrorKind.Conflict, "MOVED_ON", "The instance is not waiting any more.");
}
