using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Strata.Entities.Conditions;

/// <summary>
/// A pattern of LIKE, which must match the whole text: <c>%</c> matches any characters, <c>_</c> matches one, <c>\</c> makes the character
/// behind it an ordinary one. PostgreSQL reads it the same.
/// </summary>
public sealed class LikePattern
{
    private const int AnyOne = -1;
    private const int AnyRun = -2;

    private readonly List<int> tokens;

    private LikePattern(List<int> tokens) => this.tokens = tokens;

    /// <returns>False for a pattern that ends with a lone backslash.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out LikePattern? pattern)
    {
        var tokens = new List<int>();
        var isEscaped = false;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!isEscaped && rune.Value == '\\') { isEscaped = true; continue; }
            tokens.Add(isEscaped ? rune.Value : rune.Value switch { '%' => AnyRun, '_' => AnyOne, var other => other });
            isEscaped = false;
        }
        pattern = isEscaped ? null : new LikePattern(tokens);
        return pattern is not null;
    }

    /// <param name="utf8">Valid UTF-8.</param>
    public bool IsMatch(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8).EnumerateRunes().Select(rune => rune.Value).ToArray();
        var (at, token, run, resume) = (0, 0, -1, 0);
        while (at < text.Length)
        {
            if (token < tokens.Count && (tokens[token] == AnyOne || tokens[token] == text[at])) { at++; token++; }
            else if (token < tokens.Count && tokens[token] == AnyRun) { run = token++; resume = at; }
            else if (run >= 0) { token = run + 1; at = ++resume; } // the last run takes one character more
            else return false;
        }
        while (token < tokens.Count && tokens[token] == AnyRun) token++;
        return token == tokens.Count;
    }
}
