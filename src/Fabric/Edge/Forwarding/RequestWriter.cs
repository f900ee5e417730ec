using System.Buffers;
using System.Collections.Frozen;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Compression;
using Strata.Edge.Listening;
using Strata.Edge.Routing;
using Strata.Edge.Tracing;
using Strata.Edge.Visits;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Rewrites a request for the hop to an instance: never a copy of the client's bytes. A body that has already arrived goes into the same
/// buffer, so a small POST is one send and can be repeated.
/// </summary>
internal sealed class RequestWriter(IReadOnlyList<IPNetwork> trustedProxies)
{
    /// <summary>Who visits, to an instance whose route has people sign in.</summary>
    public const string UserHeader = "Strata-User", EmailHeader = "Strata-Email";

    private const int EarlyBodyBytesMax = 16 * 1024;

    /// <summary>
    /// Headers of the client's hop (RFC 9110 §7.6.1), those that the edge writes itself, and Proxy: CGI-like applications read it as
    /// HTTP_PROXY, the proxy for their own requests.
    /// </summary>
    private static readonly FrozenSet<string> Own = new[]
    {
        "Connection", "Keep-Alive", "Proxy", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect",
        "Host", "Content-Length", "X-Content-Length", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Forwarded-Server", "X-Forwarded-Scheme",
        "X-Forwarded-Prefix", "X-Real-IP", "Forwarded", "X-Request-Id", UserHeader, EmailHeader,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the edge keeps a client's header from the instance. An invalid name is not withheld but refused.</summary>
    public static bool IsWithheld(Exchange x, string name) =>
        Own.Contains(name)
            || (!RequestGuard.IsPlainName(name) && RequestGuard.IsName(name) && !(x.Route!.PassesUnusualHeaders && !IsAliasOfOwn(name)));

    /// <summary>
    /// CGI and WSGI turn all but letters and digits into underscores, so X_Forwarded_For would pass for the edge's own X-Forwarded-For
    /// (nginx drops such names too).
    /// </summary>
    private static bool IsAliasOfOwn(string name) => Own.Contains(string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')));

    /// <summary>What is wrong with the request; null when it was written to <see cref="Exchange.Head"/>.</summary>
    public EdgeFault? Write(Exchange x)
    {
        var target = OriginForm(x.Request.RawTarget);
        if (!RequestGuard.IsVisibleAscii(target) || !RequestGuard.IsVisibleAscii(x.Request.Method)) return EdgeFault.BadRequest;
        x.UpgradeTo = UpgradeOf(x);
        if (x.Route!.StripsPath) target = WithoutPrefix(target, x.Route.Prefix);
        var head = x.Head;
        head.Write(x.Request.Method);
        head.Write(" "u8);
        head.Write(target);
        head.Write(" HTTP/1.1\r\nHost: "u8);
        head.Write(x.Request.Headers.Host.ToString());
        head.Write("\r\n"u8);
        if (!WriteHeaders(x)) return EdgeFault.BadRequest;
        x.Forwarded.Write(x, trustedProxies);
        head.WriteHeader("X-Request-Id", x.RequestId);
        if (x.Visitor is { } visitor)
        {
            head.WriteHeader(UserHeader, visitor.Person);
            head.WriteHeader(EmailHeader, visitor.Email);
        }
        if (x.Route.StripsPath) head.WriteHeader("X-Forwarded-Prefix", x.Route.Prefix);
        if (x.Span is { } span) head.WriteHeader(EdgeTrace.ParentHeader, span.Id);
        if (x.UpgradeTo is not null) WriteUpgrade(head, x.UpgradeTo);
        WriteBody(x);
        return null;
    }

    /// <summary>A path that spells the prefix in another way, as by percent signs, is passed on whole.</summary>
    private static ReadOnlySpan<char> WithoutPrefix(ReadOnlySpan<char> target, string prefix)
    {
        var end = target.IndexOf('?');
        if (!PathPrefix.Matches(prefix, end < 0 ? target : target[..end])) return target;
        var rest = target[prefix.Length..];
        return rest is ['/', ..] ? rest : "/" + rest.ToString();
    }

    /// <summary>The path and query of a target, which may be in absolute form.</summary>
    private static ReadOnlySpan<char> OriginForm(string target)
    {
        if (target.StartsWith('/') || target == "*") return target;
        var authority = target.IndexOf("://", StringComparison.Ordinal);
        if (authority < 0) return default;
        var path = target.AsSpan(authority + 3).IndexOfAny('/', '?');
        if (path < 0) return "/";
        var rest = target.AsSpan(authority + 3 + path);
        return rest[0] == '/' ? rest : default;
    }

    private static bool WriteHeaders(Exchange x)
    {
        var headers = x.Request.Headers;
        var named = NamedByConnection(headers.Connection);
        if (named is not null && named.Contains(StrictHeaderEncoding.CloseToken)) x.Response.Headers.Connection = "close";
        foreach (var (name, values) in headers)
        {
            if (IsWithheld(x, name) || EdgeTrace.Replaces(x, name) || (named is not null && named.Contains(name))) continue;
            if (Shown(x, name, values) is { Count: > 0 } shown && !WriteValues(x.Head, name, shown)) return false;
        }
        return true;
    }

    /// <summary>
    /// What an instance is shown of a header: tags as it gave them, and no cookies that visitors have for the edge, whichever route of the
    /// host they are for. Empty: nothing.
    /// </summary>
    public static StringValues Shown(Exchange x, string name, StringValues values)
    {
        switch (name.Length)
        {
            case 6 when name.Equals("Cookie", StringComparison.OrdinalIgnoreCase):
                return VisitCookies.Without(values);
            case 8 when x.Route!.Record.Compress && name.Equals("If-Match", StringComparison.OrdinalIgnoreCase):
                return EncodedTags.Unmark(values, out _);
            case 13 when x.Route!.Record.Compress && name.Equals("If-None-Match", StringComparison.OrdinalIgnoreCase):
                var tags = EncodedTags.Unmark(values, out var coding);
                x.TagCoding = coding;
                return tags;
            default:
                return values;
        }
    }

    private static bool WriteValues(RequestHead head, string name, StringValues values)
    {
        // HTTP/2 may split cookies; HTTP/1.1 has one line (RFC 9113 §8.2.3).
        if (values.Count > 1 && name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)) values = string.Join("; ", values.ToArray());
        foreach (var value in values)
        {
            if (!RequestGuard.IsClean(name, value)) return false;
            head.WriteHeader(name, value);
        }
        return true;
    }

    private static HashSet<string>? NamedByConnection(StringValues connection)
    {
        if (connection.Count == 0
            || (connection.Count == 1 && connection[0] is "keep-alive" or "Keep-Alive" or "close" or "Upgrade" or "upgrade")) return null;
        return connection.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The protocol that an HTTP/1.1 client wants to change to; null for an ordinary request, and for HTTP/2, which would lead past the
    /// edge's checks.
    /// </summary>
    private static string? UpgradeOf(Exchange x)
    {
        var upgrade = x.Request.Headers.Upgrade;
        if (upgrade.Count != 1 || x.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }) return null;
        var protocol = upgrade.ToString();
        return protocol.Contains("h2", StringComparison.OrdinalIgnoreCase) || protocol.Contains("http/", StringComparison.OrdinalIgnoreCase)
            || !RequestGuard.IsClean("Upgrade", protocol)
            ? null : protocol;
    }

    private static void WriteUpgrade(RequestHead head, string protocol)
    {
        head.Write("Connection: Upgrade\r\n"u8);
        head.WriteHeader("Upgrade", protocol);
    }

    private static void WriteBody(Exchange x)
    {
        var head = x.Head;
        var length = x.Request.Headers.ContentLength;
        if (x.UpgradeTo is not null || !x.CanHaveBody)
        {
            if (length == 0) head.Write("Content-Length: 0\r\n"u8);
            head.Write("\r\n"u8);
            return;
        }
        // With Expect, the first read makes the client send: not before an instance is there.
        if (x.Request.Headers.Expect.Count == 0 && TryWriteEarly(x)) return;
        x.StreamsBody = true;
        if (length is { } known)
        {
            head.Write("Content-Length: "u8);
            head.Write(known);
            head.Write("\r\n\r\n"u8);
        }
        else head.Write("Transfer-Encoding: chunked\r\n\r\n"u8);
    }

    /// <summary>Appends the whole body when it is here already.</summary>
    private static bool TryWriteEarly(Exchange x)
    {
        if (x.Request.Headers.ContentLength > EarlyBodyBytesMax || !x.BodyReader.TryRead(out ReadResult read)) return false;
        if (!read.IsCompleted || read.Buffer.Length > EarlyBodyBytesMax)
        {
            x.BodyReader.AdvanceTo(read.Buffer.Start);
            return false;
        }
        x.Head.Write("Content-Length: "u8);
        x.Head.Write(read.Buffer.Length);
        x.Head.Write("\r\n\r\n"u8);
        x.Head.Write(read.Buffer);
        x.BodyReader.AdvanceTo(read.Buffer.End);
        return true;
    }
}
