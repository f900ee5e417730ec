using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Kinds;

/// <summary>The last node that is up is deleted only on purpose: without it nothing runs.</summary>
internal sealed class LastNodeGuard(ResourceStore<NodeSpec, NodeStatus> nodes) : IDeletionGuard
{
    public Kind Kind => NodeKinds.Node;

    public string Guarded => "the last node that is up";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => resource.State != NodeStates.Up
        ? null
        : async (transaction, cancellationToken) => await HasOtherAsync(resource, transaction, cancellationToken)
        ? null : Refused(ResourceDocument.NameOf(resource));

    /// <summary>Read in the transaction, so that of two that are deleted at once one stays.</summary>
    private async ValueTask<bool> HasOtherAsync(EntityRevision node, EntityTransaction transaction, CancellationToken cancellationToken)
    {
        await foreach (var other in nodes.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (other.State != NodeStates.Up || NodeKinds.Node.EntityOf(other.Id) == node.Id) continue;
            if ((await transaction.ReadAsync(NodeKinds.Node.EntityOf(other.Id), cancellationToken)).TryGet(out var read, out _)
                && read.State == NodeStates.Up) return true;
        }
        return false;
    }

    private static Error Refused(string name) => new(
        ErrorKind.Conflict, "LAST_NODE",
        $"\"{name}\" is the only node that is up: its instances would stop, and nothing could run until its agent has registered it again.",
        $"To do it anyway: strata delete node/{name} --force (over HTTP: ?force=true). To keep a machine from running instances, start its server with --agent off.");
}
