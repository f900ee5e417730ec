using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Routing;

/// <summary>A node as the edge needs it: where its instances may have their addresses.</summary>
/// <param name="IsUp">Whether its agent is there, and so can start what is assigned to it.</param>
internal sealed record NodeRecord(string Id, string Subnets, PortRange? HostPorts, bool IsUp)
{
    public static NodeRecord Of(Resource<NodeSpec, NodeStatus> node) =>
        new(node.Id, string.Join(' ', node.Status.InstanceSubnets), node.Status.HostPorts, node.State == NodeStates.Up);

    /// <summary>What says which addresses it gives to instances.</summary>
    public NodeStatus ToStatus() =>
        new() { InstanceSubnets = Subnets.Split(' ', StringSplitOptions.RemoveEmptyEntries), HostPorts = HostPorts };
}

/// <summary>An instance that gets requests or soon will, and the node that runs it.</summary>
/// <param name="Ready">Null: it is on its way.</param>
internal sealed record PlacedInstance(StartingRelease Of, InstanceRecord? Ready, string? Node)
{
    public PlacedInstance(InstanceRecord ready, string? node) : this(new StartingRelease(ready.Org, ready.Release), ready, node)
    {
    }

    /// <returns>Null for one that gets no requests.</returns>
    public static PlacedInstance? From(Resource<InstanceSpec, InstanceStatus> instance)
    {
        var (spec, status) = (instance.Spec, instance.Status);
        if (instance.State == InstanceStates.Ready && status is { Address: { } address, Port: { } port })
            return new PlacedInstance(new InstanceRecord(instance.Id, instance.Org, spec.Release, address, port), spec.Node);
        return IsStarting(instance) ? new PlacedInstance(new StartingRelease(instance.Org, spec.Release), null, spec.Node) : null;
    }

    /// <summary>
    /// One that waits after a crash is not, and neither is one whose start reports trouble, such as an image that cannot be fetched:
    /// requests would wait in vain again and again.
    /// </summary>
    private static bool IsStarting(Resource<InstanceSpec, InstanceStatus> instance) =>
        instance.State == InstanceStates.Starting || (instance.State == InstanceStates.Assigned && instance.Status.Message is null)
        || (instance.State == InstanceStates.Backoff && instance.Status.NextStartAt is null);

    /// <summary>Releases with an instance on its way, on a node that is up.</summary>
    public static IReadOnlyList<StartingRelease> Starting(IEnumerable<PlacedInstance> placed, IEnumerable<NodeRecord> nodes)
    {
        var up = nodes.Where(n => n.IsUp).Select(n => n.Id).ToHashSet();
        return [.. placed.Where(p => p.Ready is null && p.Node is { } node && up.Contains(node)).Select(p => p.Of).Distinct()];
    }

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
        foreach (var (_, ready, node) in placed)
        {
            if (ready is not { } instance) continue;
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
