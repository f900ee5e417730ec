using System.Text;
using System.Text.RegularExpressions;
using Strata.Cli.Commands;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests;

/// <summary>Each command line in README.md and docs is one that the program takes.</summary>
public sealed partial class DocumentedCommandsTests
{
    [Fact]
    public void Documentation_HasOnlyCommandsThatTheProgramTakes()
    {
        var root = StrataCommand.Create(new Terminal { Out = TextWriter.Null, Error = TextWriter.Null });
        var lines = Pages().SelectMany(
            page => CommandsIn(File.ReadAllText(page)).Select(line => (Page: Path.GetRelativePath(Root, page), Line: line))).ToList();
        Assert.True(lines.Count > 100, $"Only {lines.Count} commands were found.");
        var wrong = lines.SelectMany(
            l => root.Parse(SortOption.Join([.. Words(l.Line)]), StrataCommand.Parsing).Errors.Select(e => (l.Page, l.Line, e.Message)));
        Assert.Equal("", string.Join('\n', wrong.Where(w => !IsMissing(w.Message)).Select(w => $"{w.Page}: {w.Line}: {w.Message}")));
    }

    [Theory]
    [InlineData("    ./strata get deployments --at \"10m ago\" # as it was", "get|deployments|--at|10m ago")]
    [InlineData("curl -H \"Bearer $(strata token)\" http://x", "token")]
    [InlineData("    strata entity create order '{\"a\": 1}' | jq .", "entity|create|order|{\"a\": 1}")]
    [InlineData("run `strata status` or", "status")]
    [InlineData("    export X=1 && strata up -d && strata token", "up|-d")]
    public void CommandsIn_ALine_AreItsCommands(string line, string words) =>
        Assert.Equal(words, string.Join('|', Words(CommandsIn(line).First())));

    /// <summary>A sentence names a command without its arguments.</summary>
    private static bool IsMissing(string message) => message.StartsWith("Required argument missing", StringComparison.Ordinal);

    private static string Root => TestSupport.Script.Root;

    private static IEnumerable<string> Pages() => Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
        .Where(f => !f.Contains("/decisions/", StringComparison.Ordinal)).Append(Path.Combine(Root, "README.md"));

    /// <summary>Without what only stands for commands, as <c>strata search MODEL [--sort PATH] …</c> does.</summary>
    private static IEnumerable<string> CommandsIn(string text) => Command().Matches(text.Replace("\\\n", " ", StringComparison.Ordinal))
        .Select(m => m.Groups[1].Value.TrimEnd())
        .Where(l => l.Length > 0 && !l.Contains('…', StringComparison.Ordinal) && !l.Contains(" [", StringComparison.Ordinal));

    /// <summary>
    /// As a shell splits a line, up to where the command ends; <c>[a|b]</c> and other notations are not used in the pages.
    /// </summary>
    private static string[] Words(string line)
    {
        var (words, word, quote, isWord) = (new List<string>(), new StringBuilder(), '\0', false);
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote == '\0' && (c is '|' or ';' or '&' or '>' or ')' || (c == '#' && !isWord))) break;
            if (quote != '\0' ? c == quote : c is '"' or '\'') (quote, isWord) = (quote == '\0' ? c : '\0', true);
            else if (quote == '\0' && char.IsWhiteSpace(c)) Take();
            else
            {
                if (c == '\\' && quote == '"' && i + 1 < line.Length) c = line[++i];
                word.Append(c);
                isWord = true;
            }
        }
        Take();
        return [.. words];

        void Take()
        {
            if (isWord) words.Add(word.ToString());
            word.Clear();
            isWord = false;
        }
    }

    /// <summary>
    /// At the start of an indented line or a line of a code block, after <c>$(</c> or <c>&amp;&amp;</c>, and in backticks.
    /// </summary>
    [GeneratedRegex(@"(?:^[ ]{4,}|^\$ |\$\(|&& |`)(?:\./)?strata (?!=)((?:(?!`|&& |; ).)+?)(?=`|&& |; |$)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
