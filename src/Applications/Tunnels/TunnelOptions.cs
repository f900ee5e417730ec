using System.Net;
using Strata.Contracts;

namespace Strata.Tunnels;

/// <summary>Settings of this module; all have defaults.</summary>
public sealed record TunnelOptions
{
    public static readonly TunnelOptions Default = new();

    /// <summary>
    /// Where the server takes the edge's connections, on a free port of <see cref="TunnelRange.Default"/> for each tunnel. The edges must
    /// reach it, and be set to accept it; nothing else should reach it.
    /// </summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>
    /// Tunnels connected to this server at once; one organization connects at most half of them. Beyond that TUNNELS_BUSY.
    /// </summary>
    public int TunnelsMax { get; init; } = 200;

    /// <summary>Connections that one tunnel carries at once; further ones are closed, which the edge answers with 502.</summary>
    public int ConnectionsMax { get; init; } = 256;

    /// <summary>How long the developer's machine may take to fetch a connection that has come.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the two ends make sure of each other; after twice that without a word the tunnel counts as broken.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);
}
