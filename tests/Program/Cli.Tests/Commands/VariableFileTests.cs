using Strata.Cli.Data;

namespace Strata.Cli.Tests.Commands;

/// <summary>Files of variables, as <c>strata env import</c> reads them.</summary>
public sealed class VariableFileTests
{
    [Theory]
    [InlineData("A=1", "1")]
    [InlineData("\uFEFFexport A = 1 ", "1")]
    [InlineData("# first\n\nA=a=b # not this\r\n", "a=b")]
    [InlineData("A=a#b", "a#b")]
    [InlineData("A=", "")]
    [InlineData("A=# nothing", "")]
    [InlineData("A=\"a\\nb \\\"c\\\" \\\\ \\x #\" # rest", "a\nb \"c\" \\ \\x #")]
    [InlineData("A='it is\n\"$B\" \\n'", "it is\n\"$B\" \\n")]
    [InlineData("A=\"-----BEGIN\nabc\n-----END\"", "-----BEGIN\nabc\n-----END")]
    [InlineData("A=0\nA=${secret.b}", "${secret.b}")]
    public void Read_TakesValuesAsShellsDo(string text, string value) =>
        Assert.Equal(value, VariableFile.Read(text).Value["A"]);

    [Theory]
    [InlineData("A=1\nhunter2", "Line 2")]
    [InlineData("=1", "Line 1")]
    [InlineData("A=\"hunter2\nB=2", "Line 1")]
    [InlineData("A=\"1\" hunter2", "Line 1")]
    [InlineData("# nothing", "no variables")]
    public void Read_OfWhatIsNone_SaysWhereWithoutTheValue(string text, string where)
    {
        var error = VariableFile.Read(text).Error!;
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }
}
