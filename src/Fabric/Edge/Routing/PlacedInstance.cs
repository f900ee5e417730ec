using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Routing;

/// <summary>A node as the edge needs it: where its instances may have their addresses.</summary>
internal sealed record NodeRecord(string Id, string Subnets, PortRange? HostPorts)
{
    public static NodeRecord Of(Resource<NodeSpec, NodeStatus> node) =>
        new(node.Id, string.Join(' ', node.Status.InstanceSubnets), node.Status.HostPorts);

    /// <summary>What says which addresses it gives to instances.</summary>
    public NodeStatus ToStatus() =>
        new() { InstanceSubnets = Subnets.Split(' ', StringSplitOptions.RemoveEmptyEntries), HostPorts = HostPorts };
}

/// <summary>A ready instance and the node that runs it.</summary>
internal sealed record PlacedInstance(InstanceRecord Instance, string? Node)
{
    /// <returns>Null for one that gets no requests.</returns>
    public static PlacedInstance? Of(Resource<InstanceSpec, InstanceStatus> instance) =>
        instance.State == InstanceStates.Ready && instance.Status is { Address: { } address, Port: { } port }
            ? new PlacedInstance(new InstanceRecord(instance.Id, instance.Org, instance.Spec.Release, address, port), instance.Spec.Node)
            : null;

    /// <summary>
    /// Those whose address their node allows. Of two organizations' instances that have the same address the older one (by id) keeps
    /// it, so that a false status never takes over another's requests.
    /// </summary>
    public static (IReadOnlyList<InstanceRecord> Allowed, IReadOnlyList<InstanceRecord> Refused) Check(
        IEnumerable<PlacedInstance> placed, IEnumerable<NodeRecord> nodes)
    {
        var byId = nodes.ToDictionary(n => n.Id, n => n.ToStatus());
        var owners = new Dictionary<(string, int), InstanceRecord>();
        List<InstanceRecord> known = [], allowed = [], refused = [];
        foreach (var (instance, node) in placed)
        {
            if (node is null || !byId.TryGetValue(node, out var runs) || !InstanceAddresses.Allows(runs, instance.Address, instance.Port))
            {
                refused.Add(instance);
                continue;
            }
            known.Add(instance);
            var at = (instance.Address, instance.Port);
            if (!owners.TryGetValue(at, out var owner) || string.CompareOrdinal(instance.Id, owner.Id) < 0) owners[at] = instance;
        }
        foreach (var instance in known) (owners[(instance.Address, instance.Port)].Org == instance.Org ? allowed : refused).Add(instance);
        return (allowed, refused);
    }
}
