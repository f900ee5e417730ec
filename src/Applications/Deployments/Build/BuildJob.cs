using Strata.Contracts;
using Strata.Core;
using Strata.Secrets.Values;

namespace Strata.Deployments.Build;

/// <summary>What is to be built.</summary>
/// <param name="User">For whom secrets are looked up that its variables refer to.</param>
internal sealed record BuildJob(SecretUser User, string Release, SourceConfig Source, ReleaseConfig Config)
{
    public TenantId Tenant => User.Tenant;
}

/// <summary>A release's configuration.</summary>
internal sealed record ReleaseConfig(RunConfig Run, BuildConfig Build, IReadOnlyDictionary<string, string> Env, HealthCheck Health);

/// <summary>What a build yields.</summary>
internal sealed record BuiltRelease
{
    public required string Detected { get; init; }
    public required string Image { get; init; }
    public required long ImageBytes { get; init; }
    public required bool Static { get; init; }

    /// <summary>Program and arguments; empty for a static site.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    public required int Port { get; init; }

    /// <summary>Variables that the source itself sets: by strata.yaml, and below it by the ENV of its Dockerfile.</summary>
    public required IReadOnlyDictionary<string, string> SourceEnv { get; init; }

    /// <summary>The exact commit, for a git source.</summary>
    public string? Commit { get; init; }

    /// <summary>With the values of strata.yaml.</summary>
    public required ReleaseConfig Config { get; init; }

    /// <summary>How many replicas strata.yaml sets; null: it does not set any.</summary>
    public int? Replicas { get; init; }
}
