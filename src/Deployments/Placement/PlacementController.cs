using Strata.Core;
using Strata.Deployments.Rollout;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Placement;

/// <summary>
/// Gives each PENDING instance a node that is up, takes new instances and has room, as long as its organization stays within its quota. One
/// at a time, because each placement changes the loads.
/// </summary>
internal sealed class PlacementController(DeploymentStores stores, IPlacementStrategy strategy, DeploymentOptions options) : Controller<InstanceSpec, InstanceStatus>
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    public override string Name => "placement";

    public override Kind<InstanceSpec, InstanceStatus> Kind => NodeKinds.Instance;

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(InstanceResource resource, CancellationToken cancellationToken)
    {
        if (resource.State != InstanceStates.Pending) return null;
        var need = new InstanceNeed(resource.Spec.Deployment, resource.Spec.MemoryBytes, resource.Spec.Cpu);
        var placed = await PlacedAsync(cancellationToken);
        var nodes = await LoadsAsync(placed, resource.Spec.Deployment, cancellationToken);
        var refused = Refuse(resource, need, placed, nodes);
        var node = refused is null ? strategy.Pick(need, [.. nodes.Where(x => x.HasRoom(need))]) : null;
        if (node is not null) await ChangeAsync(resource, x => x with { Spec = x.Spec with { Node = node }, Status = x.Status with { Message = null } }, "place", cancellationToken);
        else await ChangeAsync(resource, x => x with { Status = x.Status with { Message = refused ?? Why(need, nodes) } }, null, cancellationToken);
        return node is null ? RetryInterval : null;
    }

    private string? Refuse(InstanceResource instance, InstanceNeed need, List<InstanceResource> placed, List<NodeLoad> nodes)
    {
        if (nodes.Count == 0) return null; // nothing is promised where nothing is up; the message for that says more
        var own = placed.FindAll(x => x.Org == instance.Org && nodes.Exists(n => n.Id == x.Spec.Node)); // those on lost nodes are being replaced
        var promised = new Promised(own.Count, own.Sum(x => x.Spec.Cpu), own.Sum(x => x.Spec.MemoryBytes));
        var isUpdate = own.Exists(x => x.Spec.Deployment == instance.Spec.Deployment && (x.Spec.Release != instance.Spec.Release || GenerationOf(x) != GenerationOf(instance)));
        return OrganizationQuota.Refuse(need, promised, nodes, options.Quota, isUpdate);
    }

    private static string? GenerationOf(InstanceResource instance) => instance.Labels.GetValueOrDefault(RolloutObserver.GenerationLabel);

    private async Task<List<InstanceResource>> PlacedAsync(CancellationToken cancellationToken)
    {
        var placed = new List<InstanceResource>();
        await foreach (var instance in stores.Instances.AllAsync(null, null, cancellationToken))
        {
            if (instance.Spec.Node is not null && instance.State is not (InstanceStates.Stopped or InstanceStates.Failed)) placed.Add(instance);
        }
        return placed;
    }

    private async Task<List<NodeLoad>> LoadsAsync(List<InstanceResource> placed, string deployment, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeResource>();
        await foreach (var node in stores.Nodes.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (node is { State: NodeStates.Up, Spec.Schedulable: true }) nodes.Add(node);
        }
        var byNode = placed.Select(x => x.Spec).ToLookup(x => x.Node);
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
        : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"None of the {nodes.Count} nodes that are up has {ByteText.Format(need.MemoryBytes)} of memory and {need.Cpu} cores left to promise; lower run.memoryBytes or run.cpu, or add a node.");

    private async Task ChangeAsync(
        InstanceResource resource, Func<InstanceResource, InstanceResource> change, string? transition, CancellationToken cancellationToken)
    {
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var changed = await stores.Instances.ChangeAsync(caller, resource.Id, x => x.State == InstanceStates.Pending ? change(x) : MovedOn, transition, null, cancellationToken);
        if (changed.Error is { } error && error != MovedOn && error.Kind != ErrorKind.NotFound) throw error.ToException();
    }

    /// <summary>The rollout has stopped it meanwhile; never leaves this class.</summary>
    private static readonly Error MovedOn = new(ErrorKind.Conflict, "MOVED_ON", "The instance is not waiting any more.");
}
