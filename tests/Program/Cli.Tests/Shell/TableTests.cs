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
