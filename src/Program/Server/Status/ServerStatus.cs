using Strata.Core.Background;

namespace Strata.Server.Status;

/// <summary>How a cloud is: the answer of <c>/api/v1/status</c>.</summary>
public sealed record ServerStatus
{
    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>From the start of the process until everything was ready.</summary>
    public required double StartSeconds { get; init; }
    public required Uri ApiUrl { get; init; }

    /// <summary>Where the edge serves applications; null: not on this machine.</summary>
    public Uri? HttpUrl { get; init; }
    public required string Home { get; init; }
    public required int Pid { get; init; }

    /// <summary>Resident memory of the server's process.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Whether every part works and no background work is failing.</summary>
    public required bool Ok { get; init; }
    public required IReadOnlyList<PartStatus> Parts { get; init; }

    /// <summary>Health of all background work, by name.</summary>
    public required IReadOnlyList<WorkHealth> Background { get; init; }
}

public sealed record PartStatus(string Name, bool Ok, string Message, double StartMs);
