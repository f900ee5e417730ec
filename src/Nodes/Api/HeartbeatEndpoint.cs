using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Nodes.Controllers;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>Heartbeats of agents, each for its own node: each renews a lease. No entity is written for that; NodeLossController sees when one lapses.</summary>
internal sealed class HeartbeatEndpoint(ResourceStore<NodeSpec, NodeStatus> nodes, ILeases leases)
{
    public async Task<Result<Answer>> BeatAsync(ApiCall call)
    {
        var found = await nodes.GetAsync(call.Caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var node, out var error)) return error;
        if (!call.Principal.IsPlatform || call.Principal.Node != node.Id) return NodeErrors.NotYourNode;
        // By the agent's identity and not by its process: a restarted agent goes on with the lease of its former life.
        var held = await leases.TryHoldAsync(NodeLease.Of(node.Name), call.Principal.Actor, NodeLease.Duration, call.Aborted);
        return held is not null ? Answer.NoContent : NodeErrors.HeldElsewhere;
    }
}
