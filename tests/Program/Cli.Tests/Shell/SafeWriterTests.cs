using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

/// <summary>What applications write cannot control the terminal of whoever reads it.</summary>
public sealed class SafeWriterTests
{
    [Theory]
    [InlineData("plain \u00fc \t text\n", "plain \u00fc \t text\n")]
    [InlineData("a\e]52;c;ZXZpbA==\ab", "ab")] // OSC 52: writes to the clipboard
    [InlineData("a\e]52;c;ZXZpbA==\e\\b", "ab")]
    [InlineData("a\u009d52;c;ZXZpbA==\u009cb", "ab")]
    [InlineData("a\e]0;title\nb", "a\nb")]
    [InlineData("a\e[2J\e[Hb\e[?1049hc", "abc")]
    [InlineData("a\u009b31mb", "ab")]
    [InlineData("a\ePq#0\e\\b\e_x\e\\c\e^y\e\\d", "abcd")]
    [InlineData("a\ecb\e(0c\e#8d", "abcd")]
    [InlineData("a\b\b\rb\a\u007f\0", "ab")]
    [InlineData("\e[31mred\e[0m", "red")]
    [InlineData("a\e", "a")]
    public void Write_ToAFile_PassesTextOnly(string written, string expected) => Assert.Equal(expected, SafeWriter.Clean(written));

    [Theory]
    [InlineData("\e[1;38;5;2mgreen\e[0m\e[m", "\e[1;38;5;2mgreen\e[0m\e[m")]
    [InlineData("\e[>4;2mx\e[?1m", "x")] // not colours though they end alike
    [InlineData("\e[31\nm", "\nm")]
    [InlineData("\e]8;;http://evil\e\\link\e]8;;\e\\", "link")]
    public void Write_ToATerminal_PassesColours(string written, string expected) => Assert.Equal(expected, Written(written, pieces: false));

    [Fact]
    public void Write_ASequenceInPieces_IsRecognizedAllTheSame()
    {
        Assert.Equal("ab\e[32mc", Written("a\e]52;c;eA==\e\\b\e[32mc", pieces: true));
    }

    private static string Written(string text, bool pieces)
    {
        using var inner = new StringWriter();
        using var safe = new SafeWriter(inner, keepsColors: true);
        if (!pieces) safe.Write(text);
        else
            foreach (var c in text) safe.Write(c.ToString());
        return inner.ToString();
    }
}
