using System.Diagnostics.CodeAnalysis;

namespace Strata.Entities.Conditions;

/// <summary>
/// A regular expression of MATCHES_PATTERN, which must match the whole text. What it may hold is what RE2 and PostgreSQL both have:
/// characters, <c>.</c>, sets, <c>\d \w \s</c> and their opposites (ASCII), groups, <c>|</c>, <c>* + ? {n,m}</c>, <c>^ $</c>. There is no
/// look-around, no back reference and no flag, so matching takes time in proportion to the text. Letters of different case differ.
/// </summary>
public sealed class RegularExpression
{
    /// <summary>Of the expression, in UTF-16.</summary>
    public const int LengthMax = 1_000;

    /// <summary>Of its parts, repetitions written out.</summary>
    public const int SizeMax = 2_000;

    /// <summary>Of n and m in {n,m}: PostgreSQL's bound.</summary>
    public const int RepeatMax = 255;

    /// <summary>Groups within groups.</summary>
    public const int DepthMax = 50;

    private readonly RegexProgram program;

    private RegularExpression(RegexNode root) => (Root, program) = (root, new RegexProgram(root));

    public RegexNode Root { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out RegularExpression? expression, [NotNullWhen(false)] out string? fault)
    {
        expression = null;
        fault = text.Length > LengthMax ? $"A pattern has at most {LengthMax} characters." : null;
        if (fault is not null) return false;
        var root = new RegexReader(text).Read(out fault);
        if (root?.Size > SizeMax) fault = $"The pattern has more than {SizeMax} steps once its repetitions are written out.";
        if (root is null || fault is not null) { fault ??= "It is not a valid pattern."; return false; }
        expression = new RegularExpression(root);
        return true;
    }

    /// <param name="utf8">Valid UTF-8.</param>
    public bool IsMatch(ReadOnlySpan<byte> utf8) => program.IsMatch(utf8);
}
