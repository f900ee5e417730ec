using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Rollout;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Placement;

/// <summary>
/// Gives each PENDING instance a node that is up, takes new instances and has room, as long as its organization stays within its quota. One
/// at a time, because each placement changes the loads. The scan of all instances is kept for a second and brought up to date by each placement,
/// so that many waiting instances of one organization do not hold up those of others.
/// <para>Invariant: a snapshot belongs to one term of the lease. In another term another server may have placed instances that it does not know.</para>
/// </summary>
internal sealed class PlacementController(DeploymentStores stores, IPlacementStrategy strategy, DeploymentOptions options, TimeProvider time)
    : Controller<InstanceSpec, InstanceStatus>
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SnapshotAge = TimeSpan.FromSeconds(1);

    private Snapshot? snapshot;

    public override string Name => "placement";

    public override Kind<InstanceSpec, InstanceStatus> Kind => NodeKinds.Instance;

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(InstanceResource resource, CancellationToken cancellationToken)
    {
        if (resource.State != InstanceStates.Pending) return null;
        var need = new InstanceNeed(resource.Spec.Deployment, resource.Spec.MemoryBytes, resource.Spec.Cpu);
        var seen = await SnapshotAsync(resource.CreatedAt, cancellationToken);
        var shape = new Shape(resource.Org, resource.Spec.Deployment, resource.Spec.Release, GenerationOf(resource), need.MemoryBytes, need.Cpu);
        if (seen.Waiting.TryGetValue(shape, out var message))
        {
            if (resource.Status.Message != message) await ExplainAsync(resource, message, cancellationToken);
            return RetryInterval;
        }
        var placed = seen.Placed;
        var nodes = await LoadsAsync(placed, resource.Spec.Deployment, cancellationToken);
        var refused = Refuse(resource, need, placed, nodes);
        var node = refused is null ? strategy.Pick(need, [.. nodes.Where(x => x.HasRoom(need))]) : null;
        if (node is null)
        {
            await ExplainAsync(resource, seen.Waiting[shape] = refused ?? Why(need, nodes), cancellationToken);
            return RetryInterval;
        }
        snapshot = null; // taken again where the outcome is not known
        if (await ChangeAsync(resource, Place, "place", cancellationToken) is { } done) placed.Add(Promise.Of(done));
        snapshot = seen;
        return null;

        InstanceResource Place(InstanceResource x) => x with { Spec = x.Spec with { Node = node }, Status = x.Status with { Message = null } };
    }

    private Task ExplainAsync(InstanceResource resource, string message, CancellationToken cancellationToken) =>
        ChangeAsync(resource, x => x with { Status = x.Status with { Message = message } }, null, cancellationToken);

    /// <param name="since">When the instance was made: what has stopped before that does not count against it.</param>
    private async Task<Snapshot> SnapshotAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (snapshot is null || snapshot.Term != Term || snapshot.TakenAt <= since || (now - snapshot.TakenAt).Duration() >= SnapshotAge)
        {
            snapshot = null; // the old one and the new one are not in memory at once
            snapshot = new Snapshot(now, Term, await PlacedAsync(cancellationToken), []);
        }
        return snapshot;
    }

    /// <summary>What placement remembers of an instance that has a node: a few words, whatever its spec holds.</summary>
    private sealed record Promise(string? Org, string Node, string Deployment, string? Release, string? Generation, long MemoryBytes, double Cpu)
    {
        public static Promise Of(InstanceResource x) =>
            new(x.Org, x.Spec.Node!, x.Spec.Deployment, x.Spec.Release, GenerationOf(x), x.Spec.MemoryBytes, x.Spec.Cpu);
    }

    /// <summary>Instances that are equal in all that placement looks at.</summary>
    private sealed record Shape(string? Org, string Deployment, string? Release, string? Generation, long MemoryBytes, double Cpu);

    /// <param name="Waiting">Why instances could not be placed; no use to try such a one again before the next snapshot.</param>
    private sealed record Snapshot(DateTimeOffset TakenAt, Fence? Term, List<Promise> Placed, Dictionary<Shape, string> Waiting);

    private string? Refuse(InstanceResource instance, InstanceNeed need, List<Promise> placed, List<NodeLoad> nodes)
    {
        if (nodes.Count == 0) return null; // nothing is promised where nothing is up; the message for that says more
        var own = placed.FindAll(x => x.Org == instance.Org && nodes.Exists(n => n.Id == x.Node)); // those on lost nodes are being replaced
        var promised = new Promised(own.Count, own.Sum(x => x.Cpu), own.Sum(x => x.MemoryBytes));
        var isUpdate = own.Exists(
            x => x.Deployment == instance.Spec.Deployment && (x.Release != instance.Spec.Release || x.Generation != GenerationOf(instance)));
        return OrganizationQuota.Refuse(need, promised, nodes, options.Quota, isUpdate);
    }

    private static string? GenerationOf(InstanceResource instance) => instance.Labels.GetValueOrDefault(RolloutObserver.GenerationLabel);

    private async Task<List<Promise>> PlacedAsync(CancellationToken cancellationToken)
    {
        var placed = new List<Promise>();
        await foreach (var instance in stores.Instances.AllAsync(null, null, cancellationToken))
        {
            if (instance.Spec.Node is not null && instance.State is not (InstanceStates.Stopped or InstanceStates.Failed)) placed.Add(Promise.Of(instance));
        }
        return placed;
    }

    private async Task<List<NodeLoad>> LoadsAsync(List<Promise> placed, string deployment, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeResource>();
        await foreach (var node in stores.Nodes.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (node is { State: NodeStates.Up, Spec.Schedulable: true }) nodes.Add(node);
        }
        var byNode = placed.ToLookup(x => x.Node, StringComparer.Ordinal);
        return nodes.ConvertAll(x => LoadOf(x, byNode[x.Id], deployment));
    }

    private static NodeLoad LoadOf(NodeResource node, IEnumerable<Promise> placed, string deployment)
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

    /// <returns>As it is now; null: it is not waiting any more.</returns>
    private async Task<InstanceResource?> ChangeAsync(
        InstanceResource resource, Func<InstanceResource, InstanceResource> change, string? transition, CancellationToken cancellationToken)
    {
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var changed = await stores.Instances.ChangeAsync(caller, resource.Id, x => x.State == InstanceStates.Pending ? change(x) : MovedOn, transition, null, cancellationToken);
        if (changed.Error is { } error && error != MovedOn && error.Kind != ErrorKind.NotFound) throw error.ToException();
        return changed.IsOk ? changed.Value : null;
    }

    /// <summary>The rollout has stopped it meanwhile; never leaves this class.</summary>
    private static readonly Error MovedOn = new(ErrorKind.Conflict, "MOVED_ON", "The instance is not waiting any more.");
}
