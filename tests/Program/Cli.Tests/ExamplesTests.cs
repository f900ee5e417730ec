using System.CommandLine;
using System.Text.RegularExpressions;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests;

/// <summary>Each command's help has examples, and each example is a command line that the program accepts.</summary>
public sealed partial class ExamplesTests
{
    private static readonly Terminal Nowhere = new() { Out = TextWriter.Null, Error = TextWriter.Null };

    [Fact]
    public void Examples_AreThereForEachCommand()
    {
        var root = StrataCommand.Parse(["version"], Nowhere).RootCommandResult.Command;
        Assert.Equal(Paths(root, "").Order(StringComparer.Ordinal), Examples.ByCommand.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Examples_CanBeParsed()
    {
        foreach (var (path, lines) in Examples.ByCommand)
        {
            foreach (var line in lines.Where(l => l.StartsWith("strata ", StringComparison.Ordinal)))
            {
                var words = Word().Matches(line.Split(" > ~")[0]).Select(m => m.Value.Trim('\'', '"'));
                var parse = StrataCommand.Parse([.. words.Skip(1)], Nowhere);
                Assert.True(parse.Errors.Count == 0, $"{line}: {string.Join(' ', parse.Errors.Select(e => e.Message))}");
                Assert.StartsWith(path, Examples.PathOf(parse.CommandResult), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(60, 60)]
    public async Task Help_FitsTheTerminal_AndIsNarrowInAPipe(int terminal, int expected)
    {
        var output = new StringWriter();
        Assert.Equal(
            0, await StrataCommand.RunAsync(
                ["up", "--help"], Nowhere with { Out = output, Width = terminal }, TestContext.Current.CancellationToken));
        Assert.All(output.ToString().Split('\n'), line => Assert.True(line.TrimEnd().Length <= expected, line));
        Assert.Contains("Examples:\n  strata up\n", output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A word as a shell reads it.</summary>
    [GeneratedRegex("""'[^']*'|"[^"]*"|\S+""", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    private static IEnumerable<string> Paths(Command command, string path) =>
        command.Subcommands.SelectMany(c => Paths(c, $"{path} {c.Name}".TrimStart())).Prepend(path);
}
