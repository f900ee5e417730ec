using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Strata.Edge.Forwarding;

/// <summary>
/// The X-Forwarded-For, -Proto and -Host lines of a client's requests. The same for all requests of a connection to one host, so the bytes are kept. What a client says of
/// itself is believed only from a trusted proxy.
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
        var remote = x.Connection.RemoteIpAddress;
        var headers = x.Request.Headers;
        var requestHost = headers.Host.ToString();
        if (!ReferenceEquals(remote, address)) Learn(remote, trustedProxies);
        if (isTrusted)
        {
            x.Head.Write(Compose(Join(headers["X-Forwarded-For"], addressText), Last(headers["X-Forwarded-Proto"]) ?? x.Request.Scheme, Last(headers["X-Forwarded-Host"]) ?? requestHost));
            return;
        }
        if (!ReferenceEquals(requestHost, host) || !ReferenceEquals(x.Request.Scheme, scheme))
        {
            (host, scheme) = (requestHost, x.Request.Scheme);
            lines = Compose(addressText, scheme, host);
        }
        x.Head.Write(lines);
    }

    private void Learn(IPAddress? remote, IReadOnlyList<IPNetwork> trustedProxies)
    {
        address = remote;
        var plain = remote is { IsIPv4MappedToIPv6: true } ? remote.MapToIPv4() : remote;
        addressText = plain?.ToString() ?? "unknown";
        isTrusted = plain is not null && trustedProxies.Any(n => n.Contains(plain));
        host = null;
    }

    private static byte[] Compose(string client, string proto, string host) =>
        Encoding.Latin1.GetBytes($"X-Forwarded-For: {client}\r\nX-Forwarded-Proto: {proto}\r\nX-Forwarded-Host: {host}\r\n");

    private static string Join(Microsoft.Extensions.Primitives.StringValues before, string own) =>
        before.Count == 0 ? own : string.Join(", ", before.ToArray()) + ", " + own;

    private static string? Last(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : values[^1];
}
