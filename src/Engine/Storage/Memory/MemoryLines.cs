using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Log lines in memory, for tests, with the same bounds as the lasting ones.</summary>
public sealed class MemoryLines(TimeProvider time) : ILines
{
    private readonly ConcurrentDictionary<(TenantId, EntityId), Stream> streams = new();
    private readonly Notifier<LinesAppended> wakes = new(NullLogger.Instance);

    public ValueTask<long> AppendAsync(TenantId tenant, EntityId stream, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        LinesGuard.Check(lines.Length);
        var position = streams.GetOrAdd((tenant, stream), _ => new Stream()).Append(lines.ToArray(), StoreTime.Truncate(time.GetUtcNow()));
        wakes.Wake(new LinesAppended(tenant, stream, position));
        return ValueTask.FromResult(position);
    }

    public ValueTask<IReadOnlyList<LineChunk>> ReadAsync(
        TenantId tenant, EntityId stream, long after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(streams.TryGetValue((tenant, stream), out var found) ? found.Read(after, limit) : []);

    public ValueTask DeleteAsync(TenantId tenant, EntityId stream, CancellationToken cancellationToken)
    {
        streams.TryRemove((tenant, stream), out _);
        return ValueTask.CompletedTask;
    }

    public IDisposable OnAppend(Action<LinesAppended> wake) => wakes.Add(wake);

    private sealed class Stream
    {
        private readonly Lock gate = new();
        private readonly Queue<LineChunk> chunks = [];
        private long last;
        private long bytes;

        public long Append(byte[] lines, DateTimeOffset at)
        {
            lock (gate)
            {
                chunks.Enqueue(new LineChunk(++last, at, lines));
                bytes += lines.Length;
                while (bytes > ILines.BytesPerStreamMax) bytes -= chunks.Dequeue().Lines.Length;
                return last;
            }
        }

        public IReadOnlyList<LineChunk> Read(long after, int limit)
        {
            var page = new List<LineChunk>();
            var size = 0;
            lock (gate)
            {
                foreach (var chunk in chunks.Where(c => c.Position > after).Take(limit))
                {
                    page.Add(chunk);
                    if ((size += chunk.Lines.Length) >= ILines.PageBytesMax) break;
                }
            }
            return page;
        }
    }
}
