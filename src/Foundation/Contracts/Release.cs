namespace Strata.Contracts;

/// <summary>
/// One immutable build of a deployment and its configuration. Kind <c>release</c>, project scope. Creating one is what a deploy does: it is
/// built, and when it is ready the deployment is promoted to it. Its build log is at <c>/api/v1/releases/ID/logs</c>.
/// </summary>
public sealed record ReleaseSpec
{
    /// <summary>Name or id of the deployment.</summary>
    public required string Deployment { get; init; }
    public required SourceConfig Source { get; init; }

    /// <summary>
    /// Copied from the deployment when the release is made, so that a rollback brings its configuration back too; null on create.
    /// </summary>
    public RunConfig? Run { get; init; }
    public BuildConfig? Build { get; init; }
    public IReadOnlyDictionary<string, string>? Env { get; init; }
    public HealthCheck? Health { get; init; }
}

/// <summary>Where the source comes from: exactly one of the three.</summary>
public sealed record SourceConfig
{
    /// <summary>
    /// Id of a ready release of the same deployment: nothing is built, the new release runs what that one runs, with the variables that the
    /// deployment has now. Of a change of variables alone.
    /// </summary>
    public string? Release { get; init; }

    /// <summary>Digest of an uploaded tar archive (gzip), <c>sha256:…</c>, put to <c>/api/v1/blobs/DIGEST</c> before.</summary>
    public string? Archive { get; init; }
    public GitSource? Git { get; init; }
}

/// <param name="Url">https://, http://, ssh://, git:// or file:// (the last only for the administrator's own machine).</param>
/// <param name="Branch">Branch or tag; null: the repository's default.</param>
/// <param name="Commit">Full hash; null: the branch's newest, found when the build starts and kept in the status.</param>
public sealed record GitSource(string Url, string? Branch = null, string? Commit = null);

public sealed record ReleaseStatus
{
    /// <summary>Counted per deployment from 1.</summary>
    public int Number { get; init; }

    /// <summary>The exact commit that was built, for a git source.</summary>
    public string? Commit { get; init; }

    /// <summary>
    /// What the source was found to be: <c>static</c>, <c>node</c>, <c>dotnet</c>, <c>python</c>, <c>procfile</c>, <c>dockerfile</c>.
    /// </summary>
    public string? Detected { get; init; }

    /// <summary>
    /// Variables that the source itself sets: by strata.yaml, and below it by the ENV of its Dockerfile. Null: not built, too large to
    /// keep, or built by a version of Strata that did not record them.
    /// </summary>
    public IReadOnlyDictionary<string, string>? SourceEnv { get; init; }

    /// <summary>Digest of the image's manifest; null until built.</summary>
    public string? Image { get; init; }

    /// <summary>A static site: the edge serves the image's files and no instance runs.</summary>
    public bool Static { get; init; }

    /// <summary>The command that runs it, resolved; empty for a static site.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
    public int Port { get; init; } = 8080;
    public long ImageBytes { get; init; }
    public double BuildSeconds { get; init; }

    /// <summary>Why the build failed or was cancelled, in one sentence; null otherwise.</summary>
    public string? Message { get; init; }

    /// <summary>
    /// It failed before anything was built: the source could not be fetched, was not recognised, or needs what this machine does not have.
    /// </summary>
    public bool SourceRejected { get; init; }

    /// <summary>While QUEUED: how many builds are expected to start first, plus 1; as of a moment ago. Null: it does not wait.</summary>
    public int? QueuePlace { get; init; }

    /// <summary>How often the build was interrupted by the end of its server and queued again; the third time it fails.</summary>
    public int Interruptions { get; init; }

    /// <summary>The deployment has been updated with the build's outcome: promoted, or failed with the message.</summary>
    public bool Reported { get; init; }

    /// <summary>The end of the build's log when it failed: at most 20 lines.</summary>
    public IReadOnlyList<string> LogTail { get; init; } = [];
}

/// <summary>
/// States of a release: QUEUED ─build→ BUILDING ─finish→ READY, or ─fail→ FAILED. A build that a crash interrupts goes BUILDING ─requeue→
/// QUEUED, twice at most. Both go ─cancel→ CANCELLED by the user, by a later deploy, or when the deployment is removed.
/// </summary>
public static class ReleaseStates
{
    public const string Queued = "QUEUED";
    public const string Building = "BUILDING";
    public const string Ready = "READY";
    public const string Failed = "FAILED";
    public const string Cancelled = "CANCELLED";

    /// <summary>Whether it is built no more.</summary>
    public static bool IsEnd(string state) => state is Ready or Failed or Cancelled;
}
