using System.Net;

namespace Strata.Contracts;

/// <summary>
/// Where a server takes the edge's connections to tunnels: addresses and ports that nothing else of the platform uses, so that an edge
/// can refuse all others. The ports lie between those of instances and those that the kernel hands out by itself.
/// </summary>
public sealed record TunnelRange(IPNetwork Network, int FirstPort, int LastPort)
{
    public static readonly TunnelRange Default = new(new IPNetwork(IPAddress.Loopback, 32), 30_000, 32_767);

    public bool Allows(string address, int port) =>
        port >= FirstPort && port <= LastPort && IPAddress.TryParse(address, out var ip) && Network.Contains(ip);
}
