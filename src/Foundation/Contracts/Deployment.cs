namespace Strata.Contracts;

/// <summary>A long-lived service. Kind <c>deployment</c>, project scope. It runs one release; a deploy makes a new one.</summary>
public sealed record DeploymentSpec
{
    public RunConfig Run { get; init; } = new();
    public BuildConfig Build { get; init; } = new();

    /// <summary>Variables; a value may have references such as <c>${secret.db-password}</c>.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();
    public HealthCheck Health { get; init; } = new();

    /// <summary>
    /// Id of the release that should run: set by <c>promote</c> when a build is done, and by the user's <c>rollback</c>. Null until the
    /// first.
    /// </summary>
    public string? Release { get; init; }

    /// <summary>Counted up by <c>restart</c>: instances of a lower generation are replaced.</summary>
    public int Generation { get; init; }
}

/// <summary>How it runs. What is null is detected from the source.</summary>
public sealed record RunConfig
{
    /// <summary>As a shell command line; null: detected.</summary>
    public string? Command { get; init; }
    public int? Port { get; init; }

    /// <summary>0 to 100. 0 stops it: its route answers with a page that says so.</summary>
    public int Replicas { get; init; } = 1;
    public long MemoryBytes { get; init; } = 512L << 20;
    public double Cpu { get; init; } = 1;

    /// <summary>
    /// From SIGTERM to SIGKILL, 0 to 3600. A stop goes: no new requests for 5 s, SIGTERM to every process, then as long as this for what is
    /// still being answered.
    /// </summary>
    public int StopGraceSeconds { get; init; } = 10;
}

/// <summary>How it is built. What is null is detected from the source.</summary>
public sealed record BuildConfig
{
    /// <summary>As a shell command line, run in the sandbox in the source's root; null: detected.</summary>
    public string? Command { get; init; }

    /// <summary>Folder that holds the result, relative to the root; null: detected.</summary>
    public string? Output { get; init; }
    public string? Dockerfile { get; init; }
    public int TimeoutSeconds { get; init; } = 900;
    public long MemoryBytes { get; init; } = 2L << 30;
    public double Cpu { get; init; } = 2;
    public long DiskBytes { get; init; } = 4L << 30;
}

public sealed record DeploymentStatus
{
    /// <summary>Id of the release that serves now; null until one does.</summary>
    public string? Release { get; init; }

    /// <summary>Id of the release being built or rolled out; null without one.</summary>
    public string? Candidate { get; init; }

    /// <summary>The first address of its routes, for example <c>http://hello.localhost:8000</c>.</summary>
    public string? Url { get; init; }
    public int ReadyReplicas { get; init; }

    /// <summary>The release that serves is a static site: the edge serves its files, and no instance runs.</summary>
    public bool Static { get; init; }

    /// <summary>
    /// A sentence for the user: why the last deploy failed, or, where nothing was ever deployed, was cancelled; or what it waits for, or
    /// that spec.env has changed and takes effect with the next deploy. Null when there is nothing to say.
    /// </summary>
    public string? Message { get; init; }
}

/// <summary>
/// States of a deployment:
/// <code>
/// PENDING                          no release yet
/// any ─promote / rollback / restart / resize→ ROLLING_OUT
/// ROLLING_OUT ─settle→ RUNNING     the release in the spec serves with all replicas
/// any ─fail→ FAILED                the last build or rollout failed; what served before still serves (status.release)
/// any ─remove→ REMOVING            its instances stop, then it is deleted
/// </code>
/// User transitions: rollback, restart, resize (patches run.replicas), remove. promote, settle and fail belong to controllers.
/// </summary>
public static class DeploymentStates
{
    public const string Pending = "PENDING";
    public const string RollingOut = "ROLLING_OUT";
    public const string Running = "RUNNING";
    public const string Failed = "FAILED";
    public const string Removing = "REMOVING";
}
