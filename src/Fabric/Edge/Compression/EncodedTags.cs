using Microsoft.Extensions.Primitives;

namespace Strata.Edge.Compression;

/// <summary>
/// Entity tags of what was encoded here: it has other bytes than what the application has named, so its tag is another one (RFC 9110
/// §8.8.3), the application's with the coding at its end. In conditions the application gets its own back. Weak tags stay as they are:
/// they say no more than that the meaning is the same.
/// </summary>
internal static class EncodedTags
{
    private static readonly ContentCoding[] Codings = [ContentCoding.Zstd, ContentCoding.Brotli, ContentCoding.Gzip];
    private static readonly string[] Ends = [.. Codings.Select(EndOf)];

    public static StringValues Mark(StringValues tag, ContentCoding coding) =>
        tag is [['"', .., '"'] strong] ? strong[..^1] + EndOf(coding) : tag;

    /// <param name="condition">Of If-Match or If-None-Match.</param>
    /// <param name="coding">Of a tag of ours among them; else none.</param>
    public static StringValues Unmark(StringValues condition, out ContentCoding coding)
    {
        coding = ContentCoding.None;
        foreach (var line in condition)
        {
            for (var i = 0; i < Ends.Length && coding == ContentCoding.None; i++)
                if (line?.Contains(Ends[i], StringComparison.Ordinal) == true) coding = Codings[i];
        }
        return coding == ContentCoding.None ? condition : condition.Select(Plain).ToArray();
    }

    /// <summary>A quotation mark ends a tag, so this is found nowhere else.</summary>
    private static string EndOf(ContentCoding coding) => $"~{ContentCodings.NameOf(coding)}\"";

    private static string? Plain(string? line) => Ends.Aggregate(line, (text, end) => text?.Replace(end, "\"", StringComparison.Ordinal));
}
