using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Controllers;

/// <summary>The lease that an agent's heartbeats hold.</summary>
internal static class NodeLease
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public static string Of(string node) => "node/" + node;
}

/// <summary>Moves a node to DOWN when its agent's lease has lapsed, and back to UP when its heartbeats resume.</summary>
public sealed class NodeLossController(ResourceStore<NodeSpec, NodeStatus> nodes, ILeases leases, TimeProvider time)
    : Controller<NodeSpec, NodeStatus>
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);

    public override string Name => "node-loss";

    public override Kind<NodeSpec, NodeStatus> Kind => NodeKinds.Node;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<NodeSpec, NodeStatus> resource, CancellationToken cancellationToken)
    {
        var isHeard = await leases.HolderAsync(NodeLease.Of(resource.Name), cancellationToken) is not null;
        // One that has just come up or been registered gets the time for its first heartbeat, and so do all where no server ran before.
        var since = resource.UpdatedAt > TermBegan ? resource.UpdatedAt : TermBegan;
        var isNew = time.GetUtcNow() - since < NodeLease.Duration;
        if (resource.State == NodeStates.Up && !isHeard && !isNew) await TakeAsync(resource, "down", cancellationToken);
        if (resource.State == NodeStates.Down && isHeard) await TakeAsync(resource, "up", cancellationToken);
        return Look;
    }

    private async Task TakeAsync(Resource<NodeSpec, NodeStatus> node, string transition, CancellationToken cancellationToken)
    {
        var caller = CallerIn(TenantId.Platform);
        var taken = await nodes.ChangeAsync(
            caller, node.Id, current => current, transition, new Revision(node.Revision), cancellationToken);
        // Changed meanwhile: the change wakes this controller again.
        if (!taken.IsOk && taken.Error.Kind is not (ErrorKind.PreconditionFailed or ErrorKind.Conflict)) throw taken.Error.ToException();
    }
}
