using System.IO.Pipelines;
using System.Text;
using Strata.Api.Peers;

namespace Strata.Api.Tests;

/// <summary>Lines of another server: bounded, and one that is too long costs no other.</summary>
public sealed class PeerLinesTests
{
    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
    private int skipped;

    [Theory, InlineData(1), InlineData(7), InlineData(1000)]
    public async Task Read_OfLinesInAnyPieces_SkipsThoseThatAreTooLong(int piece)
    {
        var text = Encoding.UTF8.GetBytes($"one\n\n{new string('x', 11)}\ntwo\n{new string('y', 500)}\n{new string('z', 10)}\ncut");
        foreach (var part in text.Chunk(piece)) await pipe.Writer.WriteAsync(part, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(["one", "", "two", "zzzzzzzzzz"], await ReadAsync(10));
        Assert.Equal(2, skipped);
    }

    [Fact]
    public async Task Read_OfALineWithoutAnEnd_HoldsNoMoreThanTheBound()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var bounded = new Pipe(new PipeOptions(pauseWriterThreshold: 64 << 10, resumeWriterThreshold: 32 << 10));
        var reading = ReadAsync(1 << 10, bounded.Reader.AsStream());
        for (var sent = 0; sent < 64; sent++) await bounded.Writer.WriteAsync(new byte[64 << 10], cancelled); // does not wait for ever
        await bounded.Writer.WriteAsync("\nlast\n"u8.ToArray(), cancelled);
        await bounded.Writer.CompleteAsync();
        Assert.Equal(["last"], await reading);
        Assert.Equal(1, skipped);
    }

    private async Task<List<string>> ReadAsync(int bytesMax, Stream? from = null)
    {
        List<string> lines = [];
        var cancelled = TestContext.Current.CancellationToken;
        await foreach (var line in PeerLines.ReadAsync(from ?? pipe.Reader.AsStream(), bytesMax, () => skipped++, cancelled))
            lines.Add(Encoding.UTF8.GetString(line));
        return lines;
    }
}
