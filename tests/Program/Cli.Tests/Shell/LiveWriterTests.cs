using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

public sealed class LiveWriterTests
{
    private readonly FakeTime time = new();

    [Fact]
    public void Write_WhileAStatusIsShown_StandsAboveIt()
    {
        var screen = new Screen(40);
        var writer = new LiveWriter(screen, () => 40, time);
        using (var display = writer.Show("Building shop-1"))
        {
            writer.WriteLine("line 1");
            time.Advance(TimeSpan.FromMilliseconds(350));
            writer.Write("half of");
            time.Advance(TimeSpan.FromMilliseconds(350));
            writer.WriteLine(" a line");
            Assert.Equal("line 1\nhalf of a line\n⠴ Building shop-1", Still(screen.Text));
            display.Set("Starting\n\e[2Jshop");
            Assert.Equal("line 1\nhalf of a line\n⠴ Starting shop", Still(screen.Text));
        }
        writer.WriteLine("done");
        Assert.Equal("line 1\nhalf of a line\ndone", screen.Text);
        Assert.Equal(0, time.Waiting);
    }

    [Theory]
    [InlineData("a status that is much longer than the terminal is wide", "⠋ a status that is…")]
    [InlineData("宽宽宽宽宽宽宽宽宽宽宽宽", "⠋ 宽宽宽宽宽宽宽宽…")]
    public void Show_StatusLongerThanTheTerminal_TakesOneRow(string status, string expected)
    {
        var screen = new Screen(20);
        using var display = new LiveWriter(screen, () => 20, time).Show(status);
        Assert.Equal(expected, screen.Text);
        Assert.Equal(0, screen.Wrapped);
    }

    [Fact]
    public async Task Write_FromSeveralThreads_MixesNoLines()
    {
        var screen = new Screen(40);
        var writer = TextWriter.Synchronized(new LiveWriter(screen, () => 40, TimeProvider.System));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(() =>
        {
            for (var i = 0; i < 50; i++) writer.WriteLine($"writer {n} line {i}");
        })));
        Assert.Equal(
            200, screen.Text.Split('\n').Count(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^writer \d line \d+$")));
    }

    /// <summary>Whichever frame the spinner is at.</summary>
    private static string Still(string text) => System.Text.RegularExpressions.Regex.Replace(text, "[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", "⠴");
}
