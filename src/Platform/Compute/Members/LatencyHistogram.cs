using System.Numerics;

namespace Strata.Compute.Members;

/// <summary>Latencies in buckets that double from 64 µs; quantiles are right within a factor of two. Safe for concurrent use.</summary>
internal sealed class LatencyHistogram
{
    private const int Buckets = 24;
    private const double FirstMicroseconds = 64;

    private readonly long[] counts = new long[Buckets];

    public void Add(TimeSpan latency)
    {
        var steps = (ulong)Math.Max(0, latency.TotalMicroseconds / FirstMicroseconds);
        Interlocked.Increment(ref counts[Math.Min(Buckets - 1, 64 - BitOperations.LeadingZeroCount(steps))]);
    }

    /// <summary>The upper end of the bucket that holds the quantile; zero before the first.</summary>
    public TimeSpan Quantile(double part)
    {
        var total = counts.Sum();
        if (total == 0) return TimeSpan.Zero;
        var rank = (long)Math.Ceiling(total * part);
        var bucket = 0;
        for (var seen = counts[0]; seen < rank && bucket < Buckets - 1; seen += counts[bucket]) bucket++;
        return TimeSpan.FromMicroseconds(FirstMicroseconds * Math.Pow(2, bucket));
    }
}
