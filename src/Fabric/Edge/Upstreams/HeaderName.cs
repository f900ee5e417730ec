using System.Collections.Frozen;
using System.Text;

namespace Strata.Edge.Upstreams;

/// <summary>What the edge does with a header of an answer.</summary>
internal enum HeaderUse
{
    /// <summary>Passed on.</summary>
    Forward,

    /// <summary>Belongs to the hop between edge and instance, or reveals what the edge keeps private.</summary>
    Drop,
    ContentLength,
    TransferEncoding,
    Connection,
}

/// <summary>The name of a header in an instance's answer. Known ones exist once. Immutable.</summary>
internal sealed class HeaderName
{
    private static readonly FrozenDictionary<string, HeaderName> Known = MakeKnown();
    private static readonly FrozenDictionary<string, HeaderName>.AlternateLookup<ReadOnlySpan<char>> Lookup =
        Known.GetAlternateLookup<ReadOnlySpan<char>>();

    public static readonly HeaderName ContentType = Known["Content-Type"], SetCookie = Known["Set-Cookie"];

    private const int KnownLengthMax = 40;

    private static int count;
    private readonly int index;

    private HeaderName(string text, HeaderUse use, bool isKnown = true) => (Text, Use, index) = (text, use, isKnown ? count++ : -1);

    public string Text { get; }
    public HeaderUse Use { get; }

    /// <summary>Whether the name comes up for the first time in a head; one that is not known may have before.</summary>
    /// <param name="seen">The names so far, a bit for each known one.</param>
    public bool IsFirst(ref ulong seen)
    {
        if (index is < 0 or > 63) return false;
        var bit = 1UL << index;
        var first = (seen & bit) == 0;
        seen |= bit;
        return first;
    }

    public bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(name, Text);

    /// <summary>Whether a header of an answer is forwarded to the client unchanged.</summary>
    public static bool IsForwarded(string name) =>
        !Known.TryGetValue(name, out var known) || known.Use is HeaderUse.Forward or HeaderUse.ContentLength;

    public static HeaderName Of(ReadOnlySpan<byte> name)
    {
        if (name.Length <= KnownLengthMax)
        {
            Span<char> chars = stackalloc char[name.Length];
            Encoding.Latin1.GetChars(name, chars);
            if (Lookup.TryGetValue(chars, out var known)) return known;
        }
        return new HeaderName(Encoding.Latin1.GetString(name), HeaderUse.Forward, isKnown: false);
    }

    private static FrozenDictionary<string, HeaderName> MakeKnown()
    {
        string[] forwarded =
        [
            "Accept-Ranges", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
            "Access-Control-Allow-Origin",
            "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Age", "Allow", "Alt-Svc", "Cache-Control", "Content-Disposition",
            "Content-Encoding", "Content-Language",
            "Content-Location", "Content-Range", "Content-Security-Policy", "Content-Type", "Date", "ETag", "Expires", "Last-Modified",
            "Link", "Location", "Pragma",
            "Referrer-Policy", "Retry-After", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Set-Cookie",
            "Strict-Transport-Security",
            "Vary", "WWW-Authenticate", "X-Content-Type-Options", "X-Frame-Options", "X-Powered-By", "X-XSS-Protection",
        ];
        string[] dropped = ["Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Server", "Trailer", "Upgrade", "Via", "X-Request-Id"];
        return forwarded.Select(n => new HeaderName(n, HeaderUse.Forward))
            .Concat(dropped.Select(n => new HeaderName(n, HeaderUse.Drop)))
            .Append(new HeaderName("Content-Length", HeaderUse.ContentLength))
            .Append(new HeaderName("Transfer-Encoding", HeaderUse.TransferEncoding))
            .Append(new HeaderName("Connection", HeaderUse.Connection))
            .ToFrozenDictionary(n => n.Text, StringComparer.OrdinalIgnoreCase);
    }
}
