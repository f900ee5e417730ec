namespace Strata.Contracts;

/// <summary>
/// One running copy of a release on a node. Kind <c>instance</c>, project scope; made by the rollout, placed by placement, run by the
/// node's agent. A spec does not change after creation but for <see cref="Node"/>, which placement sets once.
/// </summary>
public sealed record InstanceSpec
{
    /// <summary>Id of the deployment.</summary>
    public required string Deployment { get; init; }

    /// <summary>Id of the release.</summary>
    public required string Release { get; init; }

    /// <summary>Id of the node; null until it is placed.</summary>
    public string? Node { get; init; }

    /// <summary>Digest of the image's manifest, <c>sha256:…</c>.</summary>
    public required string Image { get; init; }

    /// <summary>Program and arguments; run in <c>/app</c>.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>
    /// The user's variables, with references as they were written. The agent puts values in their place, and adds PORT, HOST, STRATA_URL,
    /// STRATA_TOKEN, STRATA_INSTANCE, STRATA_RELEASE, STRATA_DEPLOYMENT.
    /// </summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The port the application listens on, passed to it as PORT. Each instance has its own network namespace, so all may use the same.
    /// </summary>
    public int Port { get; init; } = 8080;

    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Cores, for example 0.5.</summary>
    public double Cpu { get; init; } = 1;
    public int PidsMax { get; init; } = 512;
    public HealthCheck Health { get; init; } = new();

    /// <summary>From SIGTERM to SIGKILL.</summary>
    public int StopGraceSeconds { get; init; } = 10;
}

/// <summary>How the agent checks that an instance works.</summary>
public sealed record HealthCheck
{
    /// <summary>GET here must answer below 500; null: the port accepts a connection.</summary>
    public string? Path { get; init; }
    public int IntervalSeconds { get; init; } = 5;
    public int TimeoutSeconds { get; init; } = 2;

    /// <summary>How long a start may take before it counts as failed.</summary>
    public int GraceSeconds { get; init; } = 60;
}

public sealed record InstanceStatus
{
    /// <summary>Where an edge reaches it: address and port; null while it does not run.</summary>
    public string? Address { get; init; }
    public int? Port { get; init; }

    /// <summary><c>oci</c> or <c>process</c>.</summary>
    public string? Runtime { get; init; }
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>
    /// When it was first ready; null: never yet. One that never was is given up after a few starts, one that was is started again for ever.
    /// </summary>
    public DateTimeOffset? ReadyAt { get; init; }
    public int Restarts { get; init; }
    public int? ExitCode { get; init; }

    /// <summary>A sentence for the user: why it is not ready; null when all is well.</summary>
    public string? Message { get; init; }

    /// <summary>When a crashed instance is started again.</summary>
    public DateTimeOffset? NextStartAt { get; init; }
}

/// <summary>
/// States of an instance:
/// <code>
/// PENDING ─place→ ASSIGNED ─start→ STARTING ─ready→ READY ⇄ UNREADY (unready / ready)
/// STARTING, READY, UNREADY ─crash→ BACKOFF ─start→ STARTING
/// ASSIGNED, STARTING, BACKOFF ─fail→ FAILED            its image cannot be had, or it never became ready in its grace
/// READY, UNREADY ─drain→ DRAINING                      no new requests; it runs on
/// any but STOPPED ─stop→ STOPPING ─stopped→ STOPPED    PENDING goes straight to STOPPED
/// </code>
/// The rollout drains and stops; the agent does all else but place.
/// </summary>
public static class InstanceStates
{
    public const string Pending = "PENDING";
    public const string Assigned = "ASSIGNED";
    public const string Starting = "STARTING";
    public const string Ready = "READY";
    public const string Unready = "UNREADY";
    public const string Backoff = "BACKOFF";
    public const string Failed = "FAILED";
    public const string Draining = "DRAINING";
    public const string Stopping = "STOPPING";
    public const string Stopped = "STOPPED";
}
