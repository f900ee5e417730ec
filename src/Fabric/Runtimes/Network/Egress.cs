using System.Net;
using System.Net.Sockets;
using Strata.Core;

namespace Strata.Runtimes.Network;

/// <summary>
/// Where instances and builds may connect outside of this machine: the public internet, the machine's resolvers, and what the operator
/// allows besides.
/// </summary>
/// <param name="Allowed">The operator's networks that they may reach although they are private.</param>
/// <param name="Resolvers">Of names; on port 53 only.</param>
internal sealed record Egress(IReadOnlyList<IPNetwork> Allowed, IReadOnlyList<IPAddress> Resolvers)
{
    /// <summary>In the order in which they hold. Metadata services are refused whatever is allowed. IPv6 is not forwarded at all.</summary>
    public IEnumerable<string> Rules(string bridge)
    {
        foreach (var resolver in Resolvers.Where(IsV4))
        {
            yield return $"iifname \"{bridge}\" ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 accept";
        }
        yield return $"iifname \"{bridge}\" meta nfproto ipv6 drop";
        yield return $"iifname \"{bridge}\" ip daddr {Set(PublicAddress.MetadataV4)} drop";
        // A rule each: networks that overlap may not stand in one set.
        foreach (var network in Allowed.Where(x => IsV4(x.BaseAddress))) yield return $"iifname \"{bridge}\" ip daddr {network} accept";
        yield return $"iifname \"{bridge}\" ip daddr {Set(PublicAddress.ReservedV4)} drop";
    }

    private static string Set(IEnumerable<IPNetwork> networks) => $"{{ {string.Join(", ", networks)} }}";

    private static bool IsV4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;
}
