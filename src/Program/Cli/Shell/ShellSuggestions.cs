using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Strata.Cli.Shell;

/// <summary>
/// Answers the shell's question what may come next: commands and names, or options where the word begins with a dash. The library's own
/// answer mixes them, so that names are lost among the options, and offers spellings of Windows (/h).
/// </summary>
internal sealed class ShellSuggestions(Command root, ParserConfiguration parsing, Terminal terminal) : SynchronousCommandLineAction
{
    private const string Start = "[suggest:";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var words = parseResult.Tokens.Select(t => t.Value).ToList();
        var line = words.LastOrDefault(w => !w.StartsWith(Start, StringComparison.Ordinal)) ?? "";
        var digits = words.Find(w => w.StartsWith(Start, StringComparison.Ordinal))?[Start.Length..^1];
        var cursor = int.TryParse(digits, out var given) ? Math.Clamp(given, 0, line.Length) : line.Length;
        line = WithoutProgram(line[..cursor]);
        var word = line[(line.LastIndexOf(' ') + 1)..];
        var isOption = word.StartsWith('-');
        var parse = root.Parse(line, parsing);
        if (parse.UnmatchedTokens.Any(token => token != word)) return CommandRunner.Done;
        foreach (var item in parse.GetCompletions(line.Length).Select(c => c.Label)
            .Where(label => !label.StartsWith('/') && label.StartsWith('-') == isOption && !label.Any(char.IsControl)).Distinct())
        {
            if (item.StartsWith(word, StringComparison.OrdinalIgnoreCase)) terminal.Out.WriteLine(item);
        }
        return CommandRunner.Done;
    }

    /// <summary>However the program was called: strata, ./strata, or by a path.</summary>
    private static string WithoutProgram(string line)
    {
        var space = line.IndexOf(' ');
        return space < 0 ? "" : line[(space + 1)..].TrimStart();
    }
}
