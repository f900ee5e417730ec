namespace Strata.Storage.PrivateServer;

/// <summary>Where a private PostgreSQL lives and how long to wait for it.</summary>
public sealed record PrivatePostgresOptions
{
    /// <summary>Holds the cluster (<c>data/</c>), the socket (<c>socket/</c>) and the server's log; made when it does not exist.</summary>
    public required string Folder { get; init; }

    /// <summary>The OS user that runs the server when this program runs as root, because PostgreSQL refuses root.</summary>
    public string User { get; init; } = "postgres";

    /// <summary>A folder with PostgreSQL's programs; null: the newest of those installed.</summary>
    public string? Binaries { get; init; }

    /// <summary>Connections that the server takes; a store uses about a dozen. Applies at the next start.</summary>
    public int ConnectionsMax { get; init; } = 40;

    /// <summary>How long a start may take, recovery after a crash included.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long an orderly stop may take before open work is cut off.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
