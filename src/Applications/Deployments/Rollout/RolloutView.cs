
using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>The input of a rollout's decision: a deployment with its current releases and instances.</summary>
internal sealed record RolloutView
{
    /// <summary>One of <see cref="DeploymentStates"/>.</summary>
    public required string State { get; init; }
    public required int Replicas { get; init; }

    /// <summary>Instances of a lower one are replaced.</summary>
    public required int Generation { get; init; }

    /// <summary>Id of the release that should run; null before the first.</summary>
    public string? Wanted { get; init; }

    /// <summary>Id of the release that serves; null until one did.</summary>
    public string? Serving { get; init; }

    /// <summary>Those of the two above that exist, by id.</summary>
    public required IReadOnlyDictionary<string, ReleaseView> Releases { get; init; }
    public required IReadOnlyList<InstanceView> Instances { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>
    /// When this server began to look after rollouts: nothing could start while no server ran, so that time does not count.
    /// </summary>
    public DateTimeOffset Since { get; init; }
}

/// <param name="Ready">Built.</param>
/// <param name="StaticImage">Digest of the files that the edge serves itself; null where instances serve.</param>
/// <param name="Grace">How long an instance of it may take to start.</param>
internal sealed record ReleaseView(string Id, string Name, bool Ready, string? StaticImage, TimeSpan Grace);

/// <param name="State">One of <see cref="InstanceStates"/>.</param>
/// <param name="ChangedAt">When it came into its state.</param>
/// <param name="Lost">Its node has been down for too long.</param>
internal sealed record InstanceView(
    string Id, string Release, int Generation, string State, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, bool Lost = false,
    string? Message = null)
{
    public bool IsReady => !Lost && State == InstanceStates.Ready;

    /// <summary>It serves or may yet.</summary>
    public bool IsAlive =>
        !Lost && State is not (InstanceStates.Draining or InstanceStates.Failed or InstanceStates.Stopping or InstanceStates.Stopped);
}

/// <summary>The times that a rollout keeps.</summary>
internal sealed record RolloutRules
{
    public static readonly RolloutRules Default = new();

    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stopped or failed instance is kept for inspection.</summary>
    public TimeSpan Kept { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an instance may wait for a node and for the node to take it.</summary>
    public TimeSpan Placement { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Before the first replacement of an instance that never became ready; doubled for each further one.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Failed instances of the running release that are kept and counted.</summary>
    public int FailedKept { get; init; } = 6;
}
