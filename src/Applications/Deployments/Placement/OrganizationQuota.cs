using Strata.Core;
using System.Globalization;

namespace Strata.Deployments.Placement;

/// <summary>What may be reserved for one organization's instances on all nodes together. Immutable.</summary>
public sealed record QuotaOptions
{
    public static readonly QuotaOptions Default = new();

    /// <summary>Sum of <c>run.memoryBytes</c>; 0: all but the reserve for others.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Sum of <c>run.cpu</c>, in cores; 0: all but the reserve for others.</summary>
    public double Cpu { get; init; }

    public int Instances { get; init; } = 200;

    /// <summary>Bytes of sources and images on a server's disk; 0: half of the disk.</summary>
    public long DiskBytes { get; init; }
}

/// <summary>
/// Whether an organization may have one instance more. Invariant: whatever one organization starts, a quarter of the nodes' memory and CPU
/// is left for those that use less than that quarter. A rolling update may exceed a quota by one instance, or it could never end at the
/// quota. Pure.
/// </summary>
internal static class OrganizationQuota
{
    /// <summary>The part of the nodes that is kept for organizations which use less than it.</summary>
    public const double Reserve = 0.25;

    /// <param name="own">What the organization's placed instances are promised.</param>
    /// <param name="isUpdate">It replaces an instance of its deployment: of another release, or before a restart.</param>
    /// <returns>Null where it may; otherwise a sentence for the user.</returns>
    public static string? Refuse(InstanceNeed need, Promised own, IReadOnlyCollection<NodeLoad> nodes, QuotaOptions quota, bool isUpdate)
    {
        var spare = isUpdate ? need : new InstanceNeed(need.Deployment, 0, 0);
        if (own.Instances + 1 > quota.Instances + (isUpdate ? 1 : 0)) return Sentence("instances", own.Instances, 1, quota.Instances);
        if (quota.MemoryBytes > 0 && own.MemoryBytes + need.MemoryBytes > quota.MemoryBytes + spare.MemoryBytes)
            return Sentence(
                "memory", ByteText.Format(own.MemoryBytes), ByteText.Format(need.MemoryBytes), ByteText.Format(quota.MemoryBytes));
        if (quota.Cpu > 0 && own.Cpu + need.Cpu > quota.Cpu + spare.Cpu) return Sentence("cores", own.Cpu, need.Cpu, quota.Cpu);
        var (memory, memoryUsed) = (nodes.Sum(n => n.MemoryBytes * NodeLoad.MemoryOvercommit), nodes.Sum(n => n.MemoryPromised));
        if (TakesReserve(own.MemoryBytes - spare.MemoryBytes, memoryUsed - spare.MemoryBytes, need.MemoryBytes, memory))
            return Sentence("memory", ByteText.Format(own.MemoryBytes), ByteText.Format(need.MemoryBytes),
                ByteText.Format((long)(memory * (1 - Reserve))));
        var (cpu, cpuUsed) = (nodes.Sum(n => n.Cpus * NodeLoad.CpuOvercommit), nodes.Sum(n => n.CpuPromised));
        return TakesReserve(own.Cpu - spare.Cpu, cpuUsed - spare.Cpu, need.Cpu, cpu)
            ? Sentence("cores", own.Cpu, need.Cpu, cpu * (1 - Reserve)) : null;
    }

    private static bool TakesReserve(double own, double used, double need, double capacity) =>
        own + need > capacity * Reserve && used + need > capacity * (1 - Reserve);

    private static string Sentence(string what, object used, object more, object limit) => string.Create(
        CultureInfo.InvariantCulture,
        $"QUOTA_EXCEEDED: this organization's instances use {used} of {limit} {what}, and this one needs {more}; stop or shrink some, or raise the organization's quota.");
}

/// <summary>What is promised to instances.</summary>
internal sealed record Promised(int Instances, double Cpu, long MemoryBytes);
