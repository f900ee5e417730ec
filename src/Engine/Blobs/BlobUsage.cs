using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Blobs;

/// <summary>
/// Bytes of each organization's blobs, those being written included. What was there before is measured at the first use, and again from
/// time to time where other servers write to the same storage; between two measurements each server knows its own changes only. Safe for
/// concurrent use.
/// </summary>
/// <param name="max">Bytes of one organization.</param>
/// <param name="measuredFor">How long a measurement holds; null: for good.</param>
public sealed class BlobUsage(
    long max, TimeSpan? measuredFor, TimeProvider time, Func<TenantId, CancellationToken, Task<Result<long>>> measure)
{
    private readonly ConcurrentDictionary<TenantId, Counter> counters = new();

    public long Max => max;

    /// <summary>Room for one put. Dispose it when the put has ended.</summary>
    /// <param name="isThere">The blob already exists and takes no space.</param>
    public async Task<Result<Room>> ReserveAsync(TenantId tenant, bool isThere, CancellationToken cancellationToken)
    {
        var counter = counters.GetOrAdd(tenant, _ => new Counter(new SemaphoreSlim(1)));
        await counter.Turn.WaitAsync(cancellationToken);
        try
        {
            var isOld = counter.MeasuredAt is not { } at || measuredFor is { } fresh && time.GetUtcNow() - at > fresh;
            if (isOld)
            {
                if (!(await measure(tenant, cancellationToken)).TryGet(out var bytes, out var error)) return error;
                Interlocked.Exchange(ref counter.Kept, bytes);
                counter.MeasuredAt = time.GetUtcNow();
            }
        }
        finally
        {
            counter.Turn.Release();
        }
        return new Room(counter, max, isThere);
    }

    /// <summary>They are gone. Where nothing was measured yet, the first measurement finds them gone.</summary>
    public void Remove(TenantId tenant, long bytes)
    {
        if (counters.TryGetValue(tenant, out var counter) && counter.MeasuredAt is not null) Interlocked.Add(ref counter.Kept, -bytes);
    }

    /// <summary>What one put has taken so far. Not safe for concurrent use.</summary>
    public sealed class Room : IDisposable
    {
        private readonly Counter counter;
        private readonly long max;
        private readonly bool isThere;
        private long counted;

        internal Room(Counter counter, long max, bool isThere) => (this.counter, this.max, this.isThere) = (counter, max, isThere);

        public long Bytes { get; private set; }

        /// <returns>QUOTA_EXCEEDED; nothing more is counted then.</returns>
        public Error? TryAdd(long more)
        {
            Bytes += more;
            BlobMetrics.Written(more);
            if (isThere) return null;
            var total = Interlocked.Add(ref counter.Pending, more) + Interlocked.Read(ref counter.Kept);
            counted += more;
            return total <= max ? null : BlobErrors.QuotaExceeded(Math.Max(0, total - Bytes), max);
        }

        /// <summary>The blob is new and stays.</summary>
        public void Keep() => Interlocked.Add(ref counter.Kept, Bytes);

        public void Dispose()
        {
            Interlocked.Add(ref counter.Pending, -counted);
            counted = 0;
        }
    }

    /// <param name="turn">Whose turn it is to measure.</param>
    internal sealed class Counter(SemaphoreSlim turn)
    {
        public SemaphoreSlim Turn => turn;
        public long Kept;
        public long Pending;
        public DateTimeOffset? MeasuredAt;
    }
}
