using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Refuses requests that two readers could read differently (request smuggling), and what the edge does not pass on. Kestrel itself refuses
/// several or unequal lengths, several Hosts, folded and malformed headers and, as the edge configures it, bare line feeds and lengths that
/// are not plain digits; here is what it lets through.
/// </summary>
internal static class RequestGuard
{
    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> PlainNameChars =
        SearchValues.Create("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> BadValueChars = SearchValues.Create(
        "\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000a\u000b\u000c\u000d\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f");

    /// <summary>What is wrong with the request; null when it may be served.</summary>
    public static EdgeFault? Check(Exchange x)
    {
        var headers = x.Request.Headers;
        if (headers.TransferEncoding.Count > 0 && !IsPlainChunked(x.Request.Protocol, headers)) return EdgeFault.AmbiguousRequest;
        if (headers.Host.Count != 1) return EdgeFault.BadRequest;
        if (x.Request.Method is "TRACE" or "CONNECT") return EdgeFault.MethodNotSupported;
        if (x.Request.Scheme != (x.Tls is null ? "http" : "https")) return EdgeFault.Misdirected;
        return x.IsForItsHost() ? null : EdgeFault.WrongHost;
    }

    /// <summary>Only letters, digits and hyphens: what every reader of headers takes for the same name.</summary>
    public static bool IsPlainName(string name) => !name.AsSpan().ContainsAnyExcept(PlainNameChars);

    /// <summary>Whether it is a name at all (RFC 9110 §5.6.2).</summary>
    public static bool IsName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(NameChars);

    /// <summary>Whether a header may be written to an instance.</summary>
    public static bool IsClean(string name, string? value) =>
        IsName(name) && !value.AsSpan().ContainsAny(BadValueChars);

    /// <summary>A target or method without blanks, control characters and characters beyond ASCII.</summary>
    public static bool IsVisibleAscii(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('!', '~');

    /// <summary>
    /// Exactly <c>chunked</c>: Kestrel also takes apart "gzip, chunked", and forgets the gzip. Where Content-Length stood beside it Kestrel
    /// believes Transfer-Encoding and renames the other to X-Content-Length.
    /// </summary>
    private static bool IsPlainChunked(string protocol, IHeaderDictionary headers) =>
        headers.TransferEncoding.Count == 1
        && string.Equals(headers.TransferEncoding.ToString(), "chunked", StringComparison.OrdinalIgnoreCase)
        && protocol == "HTTP/1.1"
        && headers.ContentLength is null
        && !headers.ContainsKey("X-Content-Length");
}
