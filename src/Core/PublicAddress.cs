using System.Net;
using System.Net.Sockets;

namespace Strata.Core;

/// <summary>Tells addresses of the public internet from those that only this machine or its network reaches.</summary>
public static class PublicAddress
{
    /// <summary>Not loopback, private, link-local, shared, multicast or otherwise of special use (RFC 6890).</summary>
    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return IsPublicV6(address);
        var b = address.GetAddressBytes();
        return !(b[0] is 0 or 10 or 127 or >= 224
            || (b[0] == 100 && b[1] is >= 64 and <= 127)
            || (b[0] == 169 && b[1] == 254)
            || (b[0] == 172 && b[1] is >= 16 and <= 31)
            || (b[0] == 192 && b[1] == 168)
            || (b[0] == 192 && b[1] == 0 && b[2] is 0 or 2)
            || (b[0] == 198 && b[1] is 18 or 19));
    }

    /// <summary>Only global unicast (2000::/3), without the ranges that embed IPv4 addresses (6to4, Teredo) or are for documents.</summary>
    private static bool IsPublicV6(IPAddress address)
    {
        var b = address.GetAddressBytes();
        if ((b[0] & 0xE0) != 0x20) return false;
        var first = (b[0] << 8) | b[1];
        var second = (b[2] << 8) | b[3];
        return first != 0x2002 && !(first == 0x2001 && second is 0 or 0xDB8);
    }
}
