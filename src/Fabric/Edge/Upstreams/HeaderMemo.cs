using System.Text;

namespace Strata.Edge.Upstreams;

/// <summary>
/// Remembers the header lines that an instance sent last, by their place in the head: most answers repeat them, and a string that is there
/// already need not be made. Safe for concurrent use: entries are immutable, and a lost update costs a string.
/// </summary>
internal sealed class HeaderMemo
{
    private const int Places = 24;
    private const int ValueLengthMax = 200;

    private readonly Line?[] lines = new Line?[Places];

    public (HeaderName Name, string Value) Get(int place, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (place >= Places) return (HeaderName.Of(name), Encoding.Latin1.GetString(value));
        var line = lines[place];
        if (line is not null && line.Name.Is(name))
        {
            if (Ascii.Equals(value, line.Value)) return (line.Name, line.Value);
            return Remember(place, line.Name, value);
        }
        return Remember(place, HeaderName.Of(name), value);
    }

    private (HeaderName Name, string Value) Remember(int place, HeaderName name, ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value);
        if (value.Length <= ValueLengthMax) lines[place] = new Line(name, text);
        return (name, text);
    }

    private sealed record Line(HeaderName Name, string Value);
}
