using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

public class TableTests
{
    [Fact]
    public void Write_WithoutATerminal_CutsNothing()
    {
        var url = "http://" + new string('x', 300);
        Assert.Equal($"NAME  URL\na     {url}\n", Write(0, url));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public void Write_InATerminal_FitsItsWidth(int width) =>
        Assert.All(Write(width, new string('x', 300)).Split('\n'), line => Assert.True(line.Length <= width));

    [Theory]
    [InlineData(50, "NAME  STATE    URL                         AGE\nshop  RUNNING  http://shop.localhost:8000  3m ago\n")]
    [InlineData(
        60, "NAME  STATE    URL                         AGE     MESSAGE\nshop  RUNNING  http://shop.localhost:8000  3m ago  a messag…\n")]
    [InlineData(
        80, "NAME  STATE    URL                         AGE     MESSAGE\nshop  RUNNING  http://shop.localhost:8000  3m ago  a message that is longer tha…\n")]
    public void Write_InANarrowTerminal_CutsTheMessageAndNoUrl(int width, string expected)
    {
        var table = new Table("NAME", "STATE", "URL", "AGE", "MESSAGE");
        table.Add("shop", "RUNNING", "http://shop.localhost:8000", "3m ago", "a message that is longer than the terminal is wide");
        var output = new StringWriter { NewLine = "\n" };
        table.Write(new Terminal { Out = output, Error = TextWriter.Null, Width = width });
        Assert.Equal(expected, output.ToString());
    }

    [Fact]
    public void Write_InANarrowTerminal_WrapsWhatMustBeReadWhole()
    {
        var table = new Table("PART", "STATE", "WHAT") { WrapsLast = true };
        table.Add("database", "failed", "PostgreSQL does not answer at /tmp/x");
        var output = new StringWriter { NewLine = "\n" };
        table.Write(new Terminal { Out = output, Error = TextWriter.Null, Width = 36 });
        Assert.Equal(
            "PART      STATE   WHAT\ndatabase  failed  PostgreSQL does\n                  not answer at\n                  /tmp/x\n",
            output.ToString());
    }

    [Fact]
    public void Write_ControlCharacters_CannotReachTheTerminal() => Assert.DoesNotContain('\e', Write(0, "\e[31mred\a\n"));

    private static string Write(int width, string cell)
    {
        var table = new Table("NAME", "URL");
        table.Add("a", cell);
        var output = new StringWriter { NewLine = "\n" };
        table.Write(new Terminal { Out = output, Error = TextWriter.Null, Width = width });
        return output.ToString();
    }
}
