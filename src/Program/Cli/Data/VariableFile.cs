using System.Text;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Data;

/// <summary>
/// Reads files of variables (<c>.env</c>): a line <c>NAME=VALUE</c> each, perhaps after <c>export</c>; comments after <c>#</c>; a value in
/// double quotes may span lines and has <c>\n</c>, <c>\t</c>, <c>\"</c> and <c>\\</c>, one in single quotes is taken as it is. Nothing is
/// replaced by other variables, because those of this machine have no place in a deployment.
/// </summary>
internal static class VariableFile
{
    public const int BytesMax = 1 << 20;

    public static Result<IReadOnlyDictionary<string, string>> Read(string file)
    {
        var variables = new Dictionary<string, string>();
        var lines = file.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var number = i + 1;
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.StartsWith("export ", StringComparison.Ordinal)) line = line["export ".Length..].TrimStart();
            if (line.Split('=', 2) is not [{ Length: > 0 } name, var rest]) return Fault(number, "it is not NAME=VALUE");
            rest = rest.TrimStart();
            if (rest is ['"' or '\'', ..])
            {
                var (text, end) = (new StringBuilder(rest), End(rest, 1, rest[0]));
                while (end < 0 && i + 1 < lines.Length)
                {
                    var from = text.Append('\n').Length;
                    text.Append(lines[++i]);
                    end = End(lines[i], 0, rest[0]) is var found and >= 0 ? from + found : -1;
                }
                if (end < 0) return Fault(number, "its quote does not end");
                var quoted = text.ToString();
                if (quoted[(end + 1)..].Trim() is [not '#', ..]) return Fault(number, "something follows the quoted value");
                variables[name.TrimEnd()] = rest[0] == '"' ? Unescape(quoted[1..end]) : quoted[1..end];
            }
            else variables[name.TrimEnd()] = WithoutComment(rest);
        }
        return variables.Count > 0 ? variables : UsageErrors.Of("The file has no variables.", "It has a line NAME=VALUE for each.");
    }

    /// <summary>Where a quoted value ends in a line; below zero: further down.</summary>
    private static int End(string line, int from, char quote)
    {
        for (var i = from; i < line.Length; i++)
        {
            if (line[i] == '\\' && quote == '"') i++;
            else if (line[i] == quote) return i;
        }
        return -1;
    }

    private static string WithoutComment(string text)
    {
        var comment = text.IndexOf(" #", StringComparison.Ordinal);
        return (text is ['#', ..] ? "" : comment < 0 ? text : text[..comment]).Trim();
    }

    private static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            i++;
            result.Append(text[i] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                '"' or '\\' or '$' => text[i].ToString(),
                var other => "\\" + other,
            });
        }
        return result.ToString();
    }

    /// <summary>Without the line itself, which may hold a secret.</summary>
    private static Error Fault(int line, string why) =>
        UsageErrors.Of($"Line {line} of the file cannot be read: {why}.", "Correct it and import the file again; nothing was set.");
}
