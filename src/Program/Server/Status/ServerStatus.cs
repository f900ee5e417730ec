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

    /// <summary>The same over HTTPS; null: it does not.</summary>
    public Uri? HttpsUrl { get; init; }

    /// <summary>The data folder on the server's machine; null for everyone but operators.</summary>
    public string? Home { get; init; }

    /// <summary>Null for everyone but operators.</summary>
    public int? Pid { get; init; }

    /// <summary>Resident memory of the server's process; null for everyone but operators.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Whether every part works and no background work is failing.</summary>
    public required bool Ok { get; init; }
    public required IReadOnlyList<PartStatus> Parts { get; init; }

    /// <summary>Health of all background work, by name; none for everyone but operators.</summary>
    public required IReadOnlyList<WorkHealth> Background { get; init; }

    /// <summary>The servers of the cloud, this one among them; none for everyone but operators.</summary>
    public IReadOnlyList<KnownServer> Servers { get; init; } = [];

    /// <summary>What works now but will not for long, or not for everyone; none for everyone but operators.</summary>
    public IReadOnlyList<StatusWarning> Warnings { get; init; } = [];

    /// <summary>
    /// What tenants see: version, addresses, and whether each part works. Folders, processes and error texts are for operators only: they
    /// describe the machine, and an error may name what belongs to another organization.
    /// </summary>
    public ServerStatus ForTenants() => this with
    {
        Home = null,
        Pid = null,
        MemoryBytes = null,
        Parts = [.. Parts.Select(p => p with { Message = p.Ok ? "works" : "does not work; the operators of this cloud see why" })],
        Background = [],
        Servers = [],
        Warnings = [],
    };
}

/// <param name="IsSelf">The server that says this.</param>
/// <param name="Heartbeat">The last one that was recorded; null for one that is up.</param>
public sealed record KnownServer(string Name, string State, string? Address, string? Version, bool IsSelf, DateTimeOffset? Heartbeat);

/// <param name="What">Such as <c>blobs</c>.</param>
public sealed record StatusWarning(string What, string Message, string Fix);

public sealed record PartStatus(string Name, bool Ok, string Message, double StartMs);
