using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Deployments.Blobs;

/// <summary>
/// Bytes on disk of each organization's blobs, those being written included. What was there before the start is counted at the first use.
/// Safe for concurrent use.
/// </summary>
/// <param name="bytesMax">Of one organization; 0: half of the disk.</param>
internal sealed class BlobUsage(string root, long bytesMax, Func<TenantId, long> measure)
{
    private readonly ConcurrentDictionary<TenantId, Lazy<Counter>> counters = new();

    public long Max { get; } = bytesMax > 0 ? bytesMax : new DriveInfo(root).TotalSize / 2;

    public long Of(TenantId tenant) => Volatile.Read(ref CounterOf(tenant).Bytes);

    /// <returns>False where they would exceed the quota; they are not counted then.</returns>
    public bool TryAdd(TenantId tenant, long bytes)
    {
        var counter = CounterOf(tenant);
        if (Interlocked.Add(ref counter.Bytes, bytes) <= Max) return true;
        Interlocked.Add(ref counter.Bytes, -bytes);
        return false;
    }

    /// <summary>They are gone. Where nothing was counted yet, the first count finds them gone.</summary>
    public void Remove(TenantId tenant, long bytes)
    {
        if (counters.TryGetValue(tenant, out var counter) && counter.IsValueCreated) Interlocked.Add(ref counter.Value.Bytes, -bytes);
    }

    private Counter CounterOf(TenantId tenant) =>
        counters.GetOrAdd(tenant, t => new Lazy<Counter>(() => new Counter { Bytes = measure(t) })).Value;

    private sealed class Counter
    {
        public long Bytes;
    }
}
