using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>The proxies in front of the API whose X-Forwarded-For is believed.</summary>
public sealed record TrustedProxies(IReadOnlyList<IPNetwork> Networks);

/// <summary>Where requests come from, behind the proxies that are trusted to say so.</summary>
public sealed class RequestSource(TrustedProxies proxies)
{
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

    /// <summary>What a trusted proxy sends along that is no address leaves its own.</summary>
    private IPAddress? Find(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } remote) return null;
        ForwardedFor.TryFind(remote, http.Request.Headers[ForwardedFor.Header], proxies.Networks, out var client);
        return client;
    }
}
