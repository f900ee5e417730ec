using Microsoft.Extensions.Primitives;

namespace Strata.Edge.Compression;

/// <summary>How a body is encoded (RFC 9110 §8.4.1).</summary>
internal enum ContentCoding
{
    None,
    Gzip,
    Brotli,
    Zstd,
}

/// <summary>Reads Accept-Encoding (RFC 9110 §12.5.3). Preferences beyond "not at all" are left out: clients do not mean them.</summary>
internal static class ContentCodings
{
    /// <summary>What is read the fastest comes first: at our levels they cost much the same, and make much the same.</summary>
    private static readonly ContentCoding[] ByPreference = [ContentCoding.Zstd, ContentCoding.Brotli, ContentCoding.Gzip];

    public static string NameOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Zstd => "zstd",
        ContentCoding.Brotli => "br",
        ContentCoding.Gzip => "gzip",
        _ => "identity",
    };

    /// <summary>The best that the client takes.</summary>
    public static ContentCoding Best(StringValues acceptEncoding)
    {
        foreach (var coding in ByPreference)
            if (Accepts(acceptEncoding, NameOf(coding))) return coding;
        return ContentCoding.None;
    }

    public static bool Accepts(StringValues acceptEncoding, string coding)
    {
        foreach (var value in acceptEncoding)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var item = value.AsSpan(range).Trim();
                var end = item.IndexOf(';');
                var name = end < 0 ? item : item[..end].TrimEnd();
                if (!name.Equals(coding, StringComparison.OrdinalIgnoreCase)) continue;
                return end < 0 || !HasZero(item[(end + 1)..]);
            }
        }
        return false;
    }

    private static bool HasZero(ReadOnlySpan<char> parameters)
    {
        foreach (var range in parameters.Split(';'))
            if (IsZero(parameters[range].Trim())) return true;
        return false;
    }

    private static bool IsZero(ReadOnlySpan<char> quality) =>
        quality.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
        && double.TryParse(quality[2..], System.Globalization.NumberStyles.AllowDecimalPoint,
            System.Globalization.CultureInfo.InvariantCulture, out var value) && value == 0;
}
