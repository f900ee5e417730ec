using System.Globalization;
using System.Text;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Nodes.Logs;
using Strata.Storage.Memory;

namespace Strata.Nodes.Tests.Logs;

public sealed class LogReaderTests
{
    private static readonly TenantId Tenant = TenantId.New(TimeProvider.System);

    private readonly Clock clock = new();
    private readonly MemoryLines lines;
    private readonly AnswerMemory memory = new(ApiLimits.Default, TimeProvider.System);
    private readonly LogReader reader;

    public LogReaderTests()
    {
        lines = new MemoryLines(clock);
        reader = new LogReader(lines, memory, Tenant, after: 0);
    }

    [Fact]
    public async Task Read_OfSeveralSources_IsInTheOrderOfTime_AndGoesOnWhereItEnded()
    {
        LogSource[] sources = [Source("a"), Source("b")];
        for (var i = 0; i < 300; i++) await AppendAsync(sources[i % 2], $"{i}\n");
        Assert.Equal(300, await reader.CountAsync(sources, default));
        Assert.Equal(Enumerable.Range(0, 300), await ReadAsync(sources));
        await AppendAsync(sources[1], "300\n");
        Assert.Equal([300], await ReadAsync(sources));
        Assert.Empty(await ReadAsync(sources));
        Assert.Equal(0, memory.Used);
    }

    [Fact]
    public async Task Read_OfALargeLog_HoldsAPageAtATime()
    {
        var source = Source("a");
        for (var i = 0; i < 15; i++) await AppendAsync(source, new string('x', ILines.ChunkBytesMax));
        Assert.Equal(15, await reader.CountAsync([source], default));
        var chunks = 0;
        await foreach (var _ in reader.ReadAsync([source], default))
        {
            Assert.InRange(memory.Used, 1, ILines.PageBytesMax + ILines.ChunkBytesMax);
            chunks++;
        }
        Assert.Equal((15, 0), (chunks, memory.Used));
    }

    private static LogSource Source(string name) => new(Tenant, EntityId.New(TimeProvider.System), name);

    private async Task AppendAsync(LogSource source, string text)
    {
        clock.Now += TimeSpan.FromMilliseconds(1);
        await lines.AppendAsync(source.Tenant, source.Stream, Encoding.UTF8.GetBytes(text), default);
    }

    private async Task<List<int>> ReadAsync(LogSource[] sources)
    {
        var found = new List<int>();
        await foreach (var (_, chunk) in reader.ReadAsync(sources, default))
            found.Add(int.Parse(Encoding.UTF8.GetString(chunk.Lines.Span).TrimEnd('\n'), CultureInfo.InvariantCulture));
        return found;
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
