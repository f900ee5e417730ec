namespace Strata.Edge.Metrics;

/// <summary>Upper bounds of the latency buckets, in seconds.</summary>
internal static class LatencyBuckets
{
    public static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly long[] Ticks = [.. Seconds.Select(s => (long)(s * TimeSpan.TicksPerSecond))];

    /// <summary>Index of the bucket; the last is for all above.</summary>
    public static int IndexOf(long ticks)
    {
        var i = 0;
        while (i < Ticks.Length && ticks > Ticks[i]) i++;
        return i;
    }
}
