
using Strata.Contracts;

namespace Strata.Deployments.Configuration;

/// <summary>
/// What an application's <c>strata.yaml</c> says; see <see cref="StrataFileReader"/>. What is null is not in the file and stays as the
/// deployment has it, or is detected.
/// </summary>
public sealed record StrataFile
{
    public static readonly StrataFile Empty = new();

    /// <summary>File names in the source's root, in order of preference.</summary>
    public static readonly IReadOnlyList<string> Names = ["strata.yaml", "strata.yml"];

    /// <summary>Of the deployment; only the command line uses it.</summary>
    public string? Name { get; init; }
    public string? Dockerfile { get; init; }
    public string? BuildCommand { get; init; }

    /// <summary>Relative to the root.</summary>
    public string? BuildOutput { get; init; }
    public string? Stack { get; init; }

    /// <summary>For the whole build, from fetching the source to packing.</summary>
    public int? BuildTimeoutSeconds { get; init; }
    public long? BuildMemoryBytes { get; init; }
    public double? BuildCpu { get; init; }
    public string? RunCommand { get; init; }
    public int? Port { get; init; }

    /// <summary>Used by a deployment's first release only: later <c>scale</c> sets the number.</summary>
    public int? Replicas { get; init; }
    public long? MemoryBytes { get; init; }
    public double? Cpu { get; init; }
    public int? StopGraceSeconds { get; init; }
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>Patterns of private files that a static site serves nevertheless; see <see cref="Core.ServedFiles"/>.</summary>
    public IReadOnlyList<string> Serve { get; init; } = [];
    public string? HealthPath { get; init; }
    public int? HealthIntervalSeconds { get; init; }
    public int? HealthTimeoutSeconds { get; init; }
    public int? HealthGraceSeconds { get; init; }

    /// <summary>The health check, overridden by the file.</summary>
    public HealthCheck Over(HealthCheck health) => health with
    {
        Path = HealthPath ?? health.Path,
        IntervalSeconds = HealthIntervalSeconds ?? health.IntervalSeconds,
        TimeoutSeconds = HealthTimeoutSeconds ?? health.TimeoutSeconds,
        GraceSeconds = HealthGraceSeconds ?? health.GraceSeconds,
    };
}
