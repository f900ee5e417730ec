using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Strata.Identity.Tokens;

/// <summary>Where a request comes from, for counting guesses.</summary>
internal static class RequestSource
{
    /// <summary>An address; of IPv6 its network of 64 bits, of which one machine has all addresses.</summary>
    public static string Of(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address) return "inside";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }
}
