using System.Buffers;

namespace Strata.Edge.Sites;

/// <summary>
/// Distinguishes names that bundlers derive from a file's content, so that the file can be cached forever, from names that people chose.
/// </summary>
internal static class HashedName
{
    private const int HashLengthMin = 8;

    /// <summary>Folders into which bundlers write: there a short mixed-case hash is believed too.</summary>
    private static readonly string[] BundlerFolders =
        ["assets/", "_next/static/", "static/", "_astro/", "_app/immutable/", "_nuxt/", "build/"];

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static bool IsHashed(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path.AsSpan());
        var cut = name.LastIndexOfAny('-', '.');
        var bundled = BundlerFolders.Any(f => path.StartsWith(f, StringComparison.Ordinal));
        // In base64url the hash itself may hold the separator.
        if (bundled && name.Length > HashLengthMin && name[^(HashLengthMin + 1)] is '-' or '.' && IsMixed(name[^HashLengthMin..]))
            return true;
        var last = name[(cut + 1)..];
        return cut > 0 && last.Length >= HashLengthMin && (IsHex(last) || (bundled && IsMixed(last)));
    }

    private static bool IsHex(ReadOnlySpan<char> text) =>
        !text.ContainsAnyExcept(HexDigits) && text.ContainsAnyInRange('0', '9') && text.ContainsAnyInRange('a', 'f');

    private static bool IsMixed(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        }
        return text.ContainsAnyInRange('A', 'Z') && text.ContainsAnyInRange('a', 'z');
    }
}
