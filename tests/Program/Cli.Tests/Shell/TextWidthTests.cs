using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

public sealed class TextWidthTests
{
    [Theory]
    [InlineData("a short text", 20, "a short text")]
    [InlineData("one two three four", 9, "one two\n  three\n  four")]
    [InlineData("see http://a-host.example/with/a/long/path now", 12, "see\n  http://a-host.example/with/a/long/path\n  now")]
    [InlineData("Next: strata logs shop -f, or look", 22, "Next:\n  strata logs shop -f,\n  or look")]
    [InlineData("now \"strata down --all\" stops all", 22, "now\n  \"strata down --all\"\n  stops all")]
    [InlineData("abc strata up or strata down b", 15, "abc strata up\n  or\n  strata down b")]
    [InlineData("another strata is using the folder", 12, "another\n  strata is\n  using the\n  folder")]
    [InlineData("a \"strata is using what never ends", 12, "a \"strata is\n  using what\n  never ends")]
    [InlineData("do: strata deploy . --name x", 26, "do:\n  strata deploy . --name x")]
    [InlineData("do: strata deploy . --name x", 14, "do: strata\n  deploy .\n  --name x")]
    [InlineData("no terminal, no width, no break", 0, "no terminal, no width, no break")]
    public void Wrap_BreaksBetweenWordsOnly(string text, int width, string expected) =>
        Assert.Equal(expected, TextWidth.Wrap(text, width, "  "));

    [Fact]
    public void CommandNames_AreThoseOfTheProgram() => Assert.Equal(
        StrataCommand.Create(new Terminal { Out = TextWriter.Null, Error = TextWriter.Null }).Subcommands
            .Where(c => !c.Hidden).SelectMany(c => c.Aliases.Append(c.Name)).Order(),
        CommandNames.All.Order());

    [Fact]
    public void Of_CountsColumns() => Assert.Equal(7, TextWidth.Of("\e[32mok\e[0m 宽宽"));
}
