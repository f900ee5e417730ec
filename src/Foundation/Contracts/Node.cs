namespace Strata.Contracts;

/// <summary>A machine that runs instances. Kind <c>node</c>, platform scope; made and kept up to date by the machine's agent.</summary>
public sealed record NodeSpec
{
    /// <summary>False: gets no new instances.</summary>
    public bool Schedulable { get; init; } = true;
}

public sealed record NodeStatus
{
    /// <summary>Where other nodes and edges reach its instances' host ports, for example <c>127.0.0.1</c>.</summary>
    public string? Address { get; init; }

    /// <summary>Runtimes that work here, best first: <c>oci</c>, <c>process</c>.</summary>
    public IReadOnlyList<string> Runtimes { get; init; } = [];

    /// <summary>What the best runtime does not isolate, as sentences; empty when it isolates all.</summary>
    public IReadOnlyList<string> NotIsolated { get; init; } = [];
    public int Cpus { get; init; }
    public long MemoryBytes { get; init; }
    public string? AgentVersion { get; init; }

    /// <summary>CIDR ranges in which its instances have their addresses; an address outside of them is not one of its instances'.</summary>
    public IReadOnlyList<string> InstanceSubnets { get; init; } = [];

    /// <summary>
    /// Ports on which its instances listen where they share the machine's network; null: each has an address of its own and any port.
    /// </summary>
    public PortRange? HostPorts { get; init; }
}

/// <param name="First">Inclusive, as is <paramref name="Last"/>.</param>
public sealed record PortRange(int First, int Last)
{
    public bool Contains(int port) => port >= First && port <= Last;
}

/// <summary>States of a node. UP ⇄ DOWN: the agent has sent a heartbeat recently, or has not.</summary>
public static class NodeStates
{
    public const string Up = "UP";
    public const string Down = "DOWN";
}
