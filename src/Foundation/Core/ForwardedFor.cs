using System.Net;

namespace Strata.Core;

/// <summary>Whom a request is from, behind the proxies that are trusted to say so.</summary>
public static class ForwardedFor
{
    public const string Header = "X-Forwarded-For";

    private const int HopsMax = 10;

    /// <summary>
    /// Finds the last address that no trusted proxy has: what is before it anyone may have made up. Where all are trusted's, the first;
    /// more than ten are not looked at.
    /// </summary>
    /// <param name="remote">Other end of the connection.</param>
    /// <param name="lines">Values of the header, in their order.</param>
    /// <param name="client">Where the result is false, the last that is known.</param>
    /// <returns>False: what a trusted proxy sends along is no address.</returns>
    public static bool TryFind(IPAddress remote, IEnumerable<string?> lines, IReadOnlyList<IPNetwork> trusted, out IPAddress client)
    {
        client = Plain(remote);
        if (!Contains(trusted, client)) return true;
        var hops = lines.SelectMany(l => (l ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        foreach (var hop in hops.Reverse().Take(HopsMax))
        {
            // Some proxies send the port along.
            if (!IPEndPoint.TryParse(hop, out var before)) return false;
            client = Plain(before.Address);
            if (!Contains(trusted, client)) return true;
        }
        return true;
    }

    /// <summary>An IPv4 address that came over a socket of IPv6 is one of IPv4.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
            if (network.Contains(address)) return true;
        return false;
    }
}
