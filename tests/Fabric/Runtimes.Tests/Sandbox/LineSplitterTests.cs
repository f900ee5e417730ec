using System.Text;
using Strata.Runtimes.Sandbox;

namespace Strata.Runtimes.Tests.Sandbox;

public sealed class LineSplitterTests
{
    private readonly List<string> lines = [];

    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\nb", "a|b")]
    [InlineData("\n\n", "|")]
    [InlineData("10%\r50%\r100%\ndone\n", "100%|done")]
    [InlineData("", "")]
    [InlineData("é€😀\n", "é€😀")]
    public void Add_AnyPieces_GiveTheSameLines(string text, string expected)
    {
        for (var piece = 1; piece < 5; piece++)
        {
            lines.Clear();
            var splitter = new LineSplitter(lines.Add, 100, 1000);
            foreach (var bytes in Encoding.UTF8.GetBytes(text).Chunk(piece)) splitter.Add(bytes);
            splitter.Flush();
            Assert.Equal(expected, string.Join('|', lines));
        }
    }

    [Fact]
    public void Add_LongLine_IsCutAndTheNextIsWhole()
    {
        var splitter = new LineSplitter(lines.Add, 5, 1000);
        splitter.Add("1234567890\nnext\n"u8);
        Assert.Equal(["12345…", "next"], lines);
    }

    [Fact]
    public void Add_PastTheTotal_SaysSoOnce()
    {
        var splitter = new LineSplitter(lines.Add, 100, 2048);
        for (var i = 0; i < 100; i++) splitter.Add(Encoding.UTF8.GetBytes(new string('x', 63) + "\n"));
        Assert.Equal("[The output is longer than 2 KiB: the rest is not kept.]", lines[^1]);
        Assert.Equal(34, lines.Count);
    }

    [Fact]
    public void Add_BytesThatAreNoText_AreReplaced()
    {
        var splitter = new LineSplitter(lines.Add, 100, 1000);
        splitter.Add([0xff, 0xfe, (byte)'a', (byte)'\n']);
        Assert.Equal(["\uFFFD\uFFFDa"], lines);
    }
}
