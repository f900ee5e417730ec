using System.Text;
using System.Text.RegularExpressions;

namespace Strata.Cli.Upload;

/// <summary>
/// The rules of one ignore file, in gitignore(5)'s language: comments, negation with <c>!</c>, a trailing <c>/</c> for folders only, a
/// <c>/</c> elsewhere anchors, <c>*</c> <c>?</c> <c>[…]</c> within a segment, <c>**</c> across. The last rule that matches decides.
/// </summary>
internal sealed class IgnoreRules
{
    private static readonly TimeSpan MatchTimeMax = TimeSpan.FromSeconds(1);

    private readonly List<Rule> rules;

    private IgnoreRules(List<Rule> rules) => this.rules = rules;

    private sealed record Rule(Regex Pattern, bool Keeps, bool FoldersOnly);

    public static IgnoreRules Parse(IEnumerable<string> lines) => new([.. lines.Select(ParseLine).OfType<Rule>()]);

    /// <summary>True: ignored; false: kept by a negated rule; null: no rule speaks of it.</summary>
    /// <param name="path">Relative to the ignore file's folder, with <c>/</c>.</param>
    public bool? Decide(string path, bool isFolder)
    {
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            if ((isFolder || !rules[i].FoldersOnly) && rules[i].Pattern.IsMatch(path)) return !rules[i].Keeps;
        }
        return null;
    }

    private static Rule? ParseLine(string line)
    {
        line = line.TrimEnd('\r');
        if (line.Length == 0 || line[0] == '#') return null;
        if (!line.EndsWith("\\ ", StringComparison.Ordinal)) line = line.TrimEnd(' ');
        var keeps = line.StartsWith('!');
        if (keeps) line = line[1..];
        var foldersOnly = line.EndsWith('/');
        line = line.TrimEnd('/');
        if (line.Length == 0) return null;
        var anchored = line.Contains('/');
        var regex = (anchored ? "^" : "^(?:.*/)?") + Translate(line.TrimStart('/')) + "$";
        return new Rule(new Regex(regex, RegexOptions.CultureInvariant | RegexOptions.Singleline, MatchTimeMax), keeps, foldersOnly);
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++) i += TranslateAt(pattern, i, regex);
        return regex.ToString();
    }

    /// <summary>Appends what stands at a place; returns how many characters more than one it took.</summary>
    private static int TranslateAt(string pattern, int at, StringBuilder regex)
    {
        var rest = pattern.AsSpan(at);
        if (rest.StartsWith("**/")) return Append(regex, "(?:.*/)?", 2);
        if (rest is "**") return Append(regex, ".*", 1);
        switch (rest[0])
        {
            case '*': return Append(regex, "[^/]*", 0);
            case '?': return Append(regex, "[^/]", 0);
            case '[' when rest[1..].IndexOf(']') is > 0 and var close: return Append(regex, Class(rest[1..(close + 1)]), close + 1);
            case '\\' when rest.Length > 1: return Append(regex, Regex.Escape(rest[1].ToString()), 1);
            default: return Append(regex, Regex.Escape(rest[0].ToString()), 0);
        }
    }

    private static int Append(StringBuilder regex, string text, int taken)
    {
        regex.Append(text);
        return taken;
    }

    private static string Class(ReadOnlySpan<char> inside)
    {
        var negated = inside[0] is '!' or '^';
        if (negated) inside = inside[1..];
        return (negated ? "[^/" : "[") + inside.ToString().Replace(@"\", @"\\").Replace("[", @"\[") + "]";
    }
}
