using System.Runtime.CompilerServices;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Log;

namespace Strata.Nodes.Logs;

/// <summary>
/// Reads the chunks of several streams in the order of time, a page of each at a time, and remembers how far it came. The pages are charged
/// to the organization that reads. For one reader at a time.
/// </summary>
/// <param name="after">Position in each source behind which to begin.</param>
internal sealed class LogReader(ILines lines, AnswerMemory memory, TenantId reader, long after)
{
    /// <summary>Of all sources together, but one of each at least; <see cref="ILines.PageBytesMax"/> bounds their bytes.</summary>
    private const int ChunksAtOnce = 64;

    private readonly Dictionary<EntityId, long> positions = [];

    /// <summary>Lines of what there is. Does not move on.</summary>
    public async ValueTask<long> CountAsync(IReadOnlyList<LogSource> sources, CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var source in sources)
        {
            for (var position = PositionOf(source); ;)
            {
                using var lease = await memory.EnterAsync(reader, ILines.PageBytesMax, cancellationToken);
                var page = await lines.ReadAsync(source.Tenant, source.Stream, position, ChunksAtOnce, cancellationToken);
                if (page.Count == 0) break;
                foreach (var chunk in page) count += chunk.Lines.Span.TrimEnd((byte)'\n').Count((byte)'\n') + 1;
                position = page[^1].Position;
            }
        }
        return count;
    }

    /// <summary>What was not read yet.</summary>
    public async IAsyncEnumerable<(LogSource Source, LineChunk Chunk)> ReadAsync(
        IReadOnlyList<LogSource> sources, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lease = await memory.EnterAsync(reader, ILines.PageBytesMax, cancellationToken);
        var reserved = lease.Amount;
        var next = new PriorityQueue<Page, (DateTimeOffset, int)>();
        for (var i = 0; i < sources.Count; i++)
        {
            var page = new Page(sources[i], i);
            if (await FillAsync(page, sources.Count, lease, cancellationToken)) next.Enqueue(page, page.Order);
        }
        lease.Return(reserved); // what was read is charged by now
        while (next.TryDequeue(out var page, out _))
        {
            var chunk = page.Take();
            yield return (page.Source, chunk);
            positions[page.Source.Stream] = chunk.Position;
            if (!page.IsEmpty || await FillAsync(page, sources.Count, lease, cancellationToken)) next.Enqueue(page, page.Order);
        }
    }

    private async ValueTask<bool> FillAsync(Page page, int sources, ShareLease lease, CancellationToken cancellationToken)
    {
        lease.Return(page.Bytes);
        var limit = Math.Max(1, ChunksAtOnce / sources);
        page.Fill(await lines.ReadAsync(page.Source.Tenant, page.Source.Stream, PositionOf(page.Source), limit, cancellationToken));
        lease.Charge(page.Bytes);
        return !page.IsEmpty;
    }

    private long PositionOf(LogSource source) => positions.GetValueOrDefault(source.Stream, after);

    /// <param name="number">Breaks ties: sources in their order.</param>
    private sealed class Page(LogSource source, int number)
    {
        private IReadOnlyList<LineChunk> chunks = [];
        private int taken;

        public LogSource Source => source;
        public long Bytes { get; private set; }
        public bool IsEmpty => taken == chunks.Count;
        public (DateTimeOffset, int) Order => (chunks[taken].At, number);

        public LineChunk Take() => chunks[taken++];

        public void Fill(IReadOnlyList<LineChunk> page) => (chunks, taken, Bytes) = (page, 0, page.Sum(c => (long)c.Lines.Length));
    }
}
