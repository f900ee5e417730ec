namespace Strata.Deployments.Placement;

/// <summary>Picks a node for an instance. Pure.</summary>
internal interface IPlacementStrategy
{
    string Name { get; }

    /// <returns>Id of one of the candidates, all of which have room; null only if the list is empty.</returns>
    string? Pick(InstanceNeed need, IReadOnlyList<NodeLoad> candidates);
}

/// <summary>What an instance needs from a node.</summary>
internal sealed record InstanceNeed(string Deployment, long MemoryBytes, double Cpu);

/// <summary>A node and what is reserved for the instances on it.</summary>
/// <param name="Siblings">Instances of the same deployment on it.</param>
internal sealed record NodeLoad(string Id, int Cpus, long MemoryBytes, int Instances, double CpuPromised, long MemoryPromised, int Siblings)
{
    /// <summary>
    /// How many times a node's memory may be promised. Limits are ceilings that few instances reach, so that a node which promised only
    /// what it has would stand half empty.
    /// </summary>
    public const double MemoryOvercommit = 2;

    /// <summary>
    /// How many times a core may be promised: most instances wait most of the time, and the kernel shares the rest fairly.
    /// </summary>
    public const double CpuOvercommit = 16;

    public bool HasRoom(InstanceNeed need) =>
        MemoryPromised + need.MemoryBytes <= MemoryBytes * MemoryOvercommit && CpuPromised + need.Cpu <= Cpus * CpuOvercommit;

    /// <summary>The fuller of its two resources, as a share.</summary>
    public double Load => Math.Max(MemoryPromised / (double)Math.Max(1, MemoryBytes), CpuPromised / Math.Max(1, Cpus));
}
