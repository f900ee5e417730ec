using System.Net;
using System.Net.Sockets;

namespace Strata.Core;

/// <summary>
/// Separates addresses of the public internet from those that only this machine or its network reaches. All code that filters addresses
/// uses these lists.
/// </summary>
public static class PublicAddress
{
    /// <summary>
    /// What is not public of IPv4: private, shared, link-local, loopback, documentation, benchmarking, multicast, reserved (RFC 6890, RFC
    /// 7526).
    /// </summary>
    public static readonly IReadOnlyList<IPNetwork> ReservedV4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>
    /// Addresses at which clouds answer a machine's own questions, secrets included; those that are not in a reserved range too.
    /// </summary>
    public static readonly IReadOnlyList<IPNetwork> MetadataV4 =
        [.. new[] { "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32" }.Select(IPNetwork.Parse)];

    /// <summary>Not loopback, private, link-local, shared, multicast or otherwise of special use (RFC 6890).</summary>
    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return IsPublicV6(address);
        return !ReservedV4.Any(range => range.Contains(address)) && !MetadataV4.Any(range => range.Contains(address));
    }

    /// <summary>
    /// Only global unicast (2000::/3), without the ranges that embed IPv4 addresses (6to4, Teredo) or are for documents, benchmarks and
    /// protocols.
    /// </summary>
    private static bool IsPublicV6(IPAddress address)
    {
        var b = address.GetAddressBytes();
        if ((b[0] & 0xE0) != 0x20) return false;
        var first = (b[0] << 8) | b[1];
        var second = (b[2] << 8) | b[3];
        return first is not (0x2002 or 0x3FFF) && !(first == 0x2001 && (second < 0x200 || second == 0xDB8));
    }
}
