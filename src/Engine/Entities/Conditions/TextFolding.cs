using System.Text;

namespace Strata.Entities.Conditions;

/// <summary>
/// Letter case taken away: each character by itself becomes its lower-case character, whatever the language. The function
/// <c>strata.fold</c> of the database does the same; a test over every character holds the two together.
/// </summary>
public static class TextFolding
{
    public static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        Span<char> chars = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes()) folded.Append(chars[..Rune.ToLowerInvariant(rune).EncodeToUtf16(chars)]);
        return folded.ToString();
    }

    /// <param name="utf8">Valid UTF-8.</param>
    public static byte[] Fold(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetBytes(Fold(Encoding.UTF8.GetString(utf8)));
}
