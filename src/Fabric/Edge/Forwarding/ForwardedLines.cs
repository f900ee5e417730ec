using System.Net;
using System.Text;
using Microsoft.Extensions.Primitives;
using Strata.Core;

namespace Strata.Edge.Forwarding;

/// <summary>
/// The X-Forwarded-For, -Proto and -Host lines of a client's requests. The same for all requests of a connection to one host, so the bytes
/// are kept. What a client says of itself is believed only from a trusted proxy.
/// </summary>
internal sealed class ForwardedLines
{
    private IPAddress? address;
    private string addressText = "";
    private bool isTrusted;
    private string? host;
    private string? scheme;
    private byte[] lines = [];

    public void Write(Exchange x, IReadOnlyList<IPNetwork> trustedProxies)
    {
        Learn(x.Connection.RemoteIpAddress, trustedProxies);
        if (isTrusted)
        {
            x.Head.Write(Compose(Trusted(x)));
            return;
        }
        var requestHost = x.Request.Headers.Host.ToString();
        if (!ReferenceEquals(requestHost, host) || !ReferenceEquals(x.Request.Scheme, scheme))
        {
            (host, scheme) = (requestHost, x.Request.Scheme);
            lines = Compose((addressText, scheme, host));
        }
        x.Head.Write(lines);
    }

    /// <summary>Who asks; null: a trusted proxy in front says what is no address.</summary>
    public IPAddress? ClientOf(Exchange x, IReadOnlyList<IPNetwork> trustedProxies)
    {
        Learn(x.Connection.RemoteIpAddress, trustedProxies);
        if (address is null) return null;
        return ForwardedFor.TryFind(address, x.Request.Headers[ForwardedFor.Header], trustedProxies, out var client) ? client : null;
    }

    /// <summary>Whether a trusted proxy in front says that the client came over HTTPS.</summary>
    public bool IsHttps(Exchange x, IReadOnlyList<IPNetwork> trustedProxies)
    {
        if (trustedProxies.Count == 0) return false;
        Learn(x.Connection.RemoteIpAddress, trustedProxies);
        return isTrusted && string.Equals(Trusted(x).Proto, "https", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The same as names and values.</summary>
    public IEnumerable<(string Name, string Value)> Of(Exchange x, IReadOnlyList<IPNetwork> trustedProxies)
    {
        Learn(x.Connection.RemoteIpAddress, trustedProxies);
        var (client, proto, forwardedHost) = isTrusted ? Trusted(x) : (addressText, x.Request.Scheme, x.Request.Headers.Host.ToString());
        return [(ForwardedFor.Header, client), ("X-Forwarded-Proto", proto), ("X-Forwarded-Host", forwardedHost)];
    }

    private (string Client, string Proto, string Host) Trusted(Exchange x)
    {
        var headers = x.Request.Headers;
        return (Join(headers[ForwardedFor.Header], addressText), Last(headers["X-Forwarded-Proto"]) ?? x.Request.Scheme,
            Last(headers["X-Forwarded-Host"]) ?? headers.Host.ToString());
    }

    private void Learn(IPAddress? remote, IReadOnlyList<IPNetwork> trustedProxies)
    {
        if (ReferenceEquals(remote, address)) return;
        address = remote;
        var plain = remote is null ? null : ForwardedFor.Plain(remote);
        addressText = plain?.ToString() ?? "unknown";
        isTrusted = plain is not null && trustedProxies.Any(n => n.Contains(plain));
        host = null;
    }

    private static byte[] Compose((string Client, string Proto, string Host) origin) =>
        Encoding.Latin1.GetBytes(
            $"X-Forwarded-For: {origin.Client}\r\nX-Forwarded-Proto: {origin.Proto}\r\nX-Forwarded-Host: {origin.Host}\r\n");

    private static string Join(StringValues before, string own) =>
        before.Count == 0 ? own : string.Join(", ", before.ToArray()) + ", " + own;

    private static string? Last(StringValues values) => values.Count == 0 ? null : values[^1];
}
