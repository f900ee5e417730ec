using System.Diagnostics.Metrics;

namespace Strata.Deployments.Build;

/// <summary>Instruments of builds: meter <c>Strata.Builds</c>. The queue is the share <c>builds</c>. Thread-safe.</summary>
internal static class BuildMetrics
{
    private static readonly Meter Meter = new("Strata.Builds");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "strata.build.duration", "s", "Builds from their start to their end, without the wait in the queue, by outcome.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800] });

    public static void Ended(double seconds, string outcome) =>
        Duration.Record(seconds, new KeyValuePair<string, object?>("outcome", outcome));
}
