using System.Diagnostics;

namespace Strata.Benchmarks;

/// <summary>What a number of workers did in a while.</summary>
/// <param name="PerSecond">Operations.</param>
internal readonly record struct Rate(double PerSecond, double MedianMs, double P99Ms)
{
    public override string ToString() => FormattableString.Invariant($"{PerSecond:0}/s (p50 {MedianMs:0.00} ms, p99 {P99Ms:0.00} ms)");
}

/// <summary>Workers that each do one operation after the other.</summary>
internal static class Load
{
    /// <param name="operation">Gets the worker's number and how many it has done.</param>
    public static async Task<Rate> RunAsync(int workers, TimeSpan duration, Func<int, int, ValueTask> operation)
    {
        var end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var start = Stopwatch.GetTimestamp();
        var taken = await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker, end, operation))));
        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var all = taken.SelectMany(t => t).ToArray();
        Array.Sort(all);
        return new Rate(all.Length / elapsed, At(all, 0.5), At(all, 0.99));
    }

    private static async Task<List<long>> WorkAsync(int worker, long end, Func<int, int, ValueTask> operation)
    {
        var taken = new List<long>(65536);
        for (var before = Stopwatch.GetTimestamp(); before < end;)
        {
            await operation(worker, taken.Count);
            var after = Stopwatch.GetTimestamp();
            taken.Add(after - before);
            before = after;
        }
        return taken;
    }

    private static double At(long[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))] * 1000.0 / Stopwatch.Frequency;
}
