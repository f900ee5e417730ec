using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Strata.Edge.Upstreams;

/// <summary>How an answer's body is delimited.</summary>
internal enum BodyFraming
{
    None,
    Length,
    Chunked,
    UntilClose,
}

/// <summary>
/// The head of an instance's answer (RFC 9112), read from bytes and checked: what is ambiguous about its length is refused, since a wrong
/// guess would give one client another's answer. One object serves many answers, one after the other.
/// </summary>
internal sealed class AnswerHead
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);
    private static readonly SearchValues<byte> BadValueBytes = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    private readonly List<(HeaderName Name, string Value)> lines = new(24);
    private List<string>? connectionNames;
    private bool isChunked;
    private bool saysClose;
    private bool saysKeepAlive;
    private int minorVersion;

    public int Status { get; private set; }

    /// <summary>Null where the answer does not say.</summary>
    public long? ContentLength { get; private set; }

    /// <summary>Headers in order, those of the hop included.</summary>
    public ReadOnlySpan<(HeaderName Name, string Value)> Lines => CollectionsMarshal.AsSpan(lines);

    /// <summary>Headers that the Connection header names: they end here.</summary>
    public IReadOnlyList<string>? ConnectionNames => connectionNames;

    /// <summary>Whether the instance keeps the connection open after this answer.</summary>
    public bool KeepsAlive => !saysClose && (minorVersion == 1 || saysKeepAlive);

    /// <summary>Server-sent events, which continue until one side ends them. Cheap: checked for each answer.</summary>
    public bool IsEventStream
    {
        get
        {
            if (ContentLength is not null) return false;
            foreach (var (name, value) in Lines)
            {
                if (ReferenceEquals(name, HeaderName.ContentType))
                    return value.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
            }
            return false;
        }
    }

    /// <summary>How the body of this answer is delimited.</summary>
    public BodyFraming FramingFor(bool isHead) =>
        isHead || Status is 204 or 304 or < 200 ? BodyFraming.None
        : isChunked ? BodyFraming.Chunked
        : ContentLength is { } length ? (length == 0 ? BodyFraming.None : BodyFraming.Length)
        : BodyFraming.UntilClose;

    /// <summary>Reads the head at the start of the bytes. False: it is not complete yet.</summary>
    /// <exception cref="UpstreamException">It is not valid.</exception>
    public bool TryRead(ReadOnlySpan<byte> bytes, HeaderMemo memo, int headersMax, out int consumed)
    {
        Reset();
        consumed = 0;
        if (!TryReadLine(bytes, ref consumed, out var line)) return false;
        ReadStatusLine(line);
        for (var place = 0; ; place++)
        {
            if (!TryReadLine(bytes, ref consumed, out line)) return false;
            if (line.Length == 0) break;
            if (place >= headersMax) throw new UpstreamException("it has too many headers");
            ReadHeader(line, memo, place);
        }
        if (isChunked && ContentLength is not null) throw new UpstreamException("it has both Content-Length and Transfer-Encoding");
        if (Status == 205 && (isChunked || ContentLength > 0)) throw new UpstreamException("it has a body with status 205");
        if (isChunked && minorVersion == 0) throw new UpstreamException("it has Transfer-Encoding in HTTP/1.0");
        return true;
    }

    private void Reset()
    {
        lines.Clear();
        connectionNames = null;
        ContentLength = null;
        isChunked = saysClose = saysKeepAlive = false;
    }

    /// <summary>
    /// A line without its end. A bare LF ends one too: what comes from an instance is rewritten, so no client parses it differently.
    /// </summary>
    private static bool TryReadLine(ReadOnlySpan<byte> bytes, ref int position, out ReadOnlySpan<byte> line)
    {
        var rest = bytes[position..];
        var length = rest.IndexOf((byte)'\n');
        line = default;
        if (length < 0) return false;
        position += length + 1;
        line = rest[..length];
        if (line is [.., (byte)'\r']) line = line[..^1];
        return true;
    }

    private void ReadStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' '
            || (line.Length > 12 && line[12] != ' '))
            throw new UpstreamException("it does not begin with an HTTP/1 status line");
        if (!Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var used) || used != 3 || status is < 100 or > 599)
            throw new UpstreamException("its status is not a number from 100 to 599");
        minorVersion = line[7] - '0';
        Status = status;
    }

    private void ReadHeader(ReadOnlySpan<byte> line, HeaderMemo memo, int place)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(NameBytes)) throw new UpstreamException("it has a line that is not a header");
        var value = line[(colon + 1)..].Trim(" \t"u8);
        if (value.ContainsAny(BadValueBytes)) throw new UpstreamException("a header holds control characters");
        var header = memo.Get(place, line[..colon], value);
        switch (header.Name.Use)
        {
            case HeaderUse.Forward:
                lines.Add(header);
                break;
            case HeaderUse.ContentLength:
                ReadContentLength(value);
                break;
            case HeaderUse.TransferEncoding:
                if (isChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
                    throw new UpstreamException("its Transfer-Encoding is not \"chunked\"");
                isChunked = true;
                break;
            case HeaderUse.Connection:
                ReadConnection(header.Value);
                break;
            default:
                if (Status == 101) lines.Add(header); // an upgrade's own headers are needed to answer it
                break;
        }
    }

    private void ReadContentLength(ReadOnlySpan<byte> value)
    {
        var valid = value.Length is > 0 and < 19 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');
        if (!valid || !Utf8Parser.TryParse(value, out long length, out _))
            throw new UpstreamException("its Content-Length is not a number");
        if (ContentLength is { } other && other != length) throw new UpstreamException("it has two Content-Length headers that differ");
        ContentLength = length;
    }

    private void ReadConnection(string value)
    {
        foreach (var range in value.AsSpan().Split(','))
        {
            var token = value.AsSpan(range).Trim();
            if (token.Equals("close", StringComparison.OrdinalIgnoreCase)) saysClose = true;
            else if (token.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)) saysKeepAlive = true;
            else if (token.Length > 0 && !token.Equals("upgrade", StringComparison.OrdinalIgnoreCase))
                (connectionNames ??= []).Add(token.ToString());
        }
    }
}
