namespace Strata.Edge.Metrics;

/// <summary>
/// Counters of one route, in stripes by processor so that cores do not fight over a cache line. Adding is thread-safe and free of locks; reading adds the stripes up and may
/// see a request half counted.
/// </summary>
internal sealed class RouteMetrics
{
    /// <summary>Classes 1xx to 5xx, and those whose client went away.</summary>
    public const int Classes = 6;
    public const int ClientGoneClass = 5;

    private const int TicksCell = Classes;
    private const int FirstBucketCell = Classes + 1;
    private static readonly int Cells = FirstBucketCell + LatencyBuckets.Seconds.Length + 1;
    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 16)) - 1;

    private readonly long[][] stripes = [.. Enumerable.Range(0, Mask + 1).Select(_ => new long[Cells + 16])];
    private readonly Dictionary<string, long> faults = [];

    /// <param name="ticks">Duration in units of 100 ns.</param>
    public void Count(int statusClass, long ticks)
    {
        var cells = stripes[Thread.GetCurrentProcessorId() & Mask];
        Interlocked.Increment(ref cells[statusClass]);
        Interlocked.Add(ref cells[TicksCell], ticks);
        Interlocked.Increment(ref cells[FirstBucketCell + LatencyBuckets.IndexOf(ticks)]);
    }

    /// <summary>Counts an error of the edge itself by its code. Rare, so a lock does.</summary>
    public void CountFault(string code)
    {
        lock (faults) faults[code] = faults.GetValueOrDefault(code) + 1;
    }

    public RouteTotals Read()
    {
        var sum = new long[Cells];
        foreach (var stripe in stripes)
        {
            for (var i = 0; i < Cells; i++) sum[i] += Volatile.Read(ref stripe[i]);
        }
        lock (faults) return new RouteTotals(sum[..Classes], sum[TicksCell], sum[FirstBucketCell..], faults.ToDictionary());
    }
}

/// <param name="ByClass">Requests answered 1xx, 2xx, 3xx, 4xx, 5xx, and left by their client.</param>
/// <param name="Ticks">Durations together.</param>
/// <param name="Buckets">Requests by latency bucket, not cumulated.</param>
/// <param name="Faults">The edge's own errors by code.</param>
internal sealed record RouteTotals(long[] ByClass, long Ticks, long[] Buckets, IReadOnlyDictionary<string, long> Faults);
