using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Strata.Api.Http;

/// <summary>The proxies in front of the API whose X-Forwarded-For is believed.</summary>
public sealed record TrustedProxies(IReadOnlyList<IPNetwork> Networks);

/// <summary>Where requests come from, behind the proxies that are trusted to say so.</summary>
public sealed class RequestSource(TrustedProxies proxies)
{
    private const string Header = "X-Forwarded-For";
    private const int HopsMax = 10;

    /// <summary>As people read it; null: from inside.</summary>
    public string? AddressOf(HttpContext http) => Find(http)?.ToString();

    /// <summary>For counting: an address; of IPv6 its network of 64 bits, of which one machine has all addresses.</summary>
    public string Of(HttpContext http)
    {
        if (Find(http) is not { } address) return "inside";
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    /// <summary>Whether it comes from one of these networks; what comes from inside does.</summary>
    internal bool IsIn(HttpContext http, IReadOnlyList<IPNetwork> networks) =>
        Find(http) is not { } address || networks.Any(n => n.Contains(address));

    /// <summary>The last address that no trusted proxy has: what is before it anyone may have made up.</summary>
    private IPAddress? Find(HttpContext http)
    {
        var address = Plain(http.Connection.RemoteIpAddress);
        if (address is null || !IsTrusted(address)) return address;
        var hops = http.Request.Headers[Header].SelectMany(h => (h ?? "").Split(',')).Reverse().Take(HopsMax);
        foreach (var hop in hops)
        {
            if (!IPAddress.TryParse(hop.Trim(), out var before)) return address;
            address = Plain(before)!;
            if (!IsTrusted(address)) return address;
        }
        return address;
    }

    private bool IsTrusted(IPAddress address) => proxies.Networks.Any(n => n.Contains(address));

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
