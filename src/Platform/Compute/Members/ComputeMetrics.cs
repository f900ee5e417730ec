using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Strata.Compute.Members;

/// <summary>
/// Instruments of the calls to compute members, all organizations together, and their spans: meter and activity source
/// <c>Strata.Compute</c>. The gauges are those of one directory, until it is disposed. Thread-safe.
/// </summary>
internal sealed class ComputeMetrics : IDisposable
{
    public static readonly ActivitySource Source = new("Strata.Compute");

    private static readonly Meter Calls = new("Strata.Compute");

    private static readonly Histogram<double> Duration = Calls.CreateHistogram(
        "strata.compute.call.duration", "s", "From a call's request for a member to its answer, by kind and outcome.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries =
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });

    private readonly Meter meter = new("Strata.Compute");

    public ComputeMetrics(MemberDirectory directory)
    {
        var counts = directory.Counts;
        meter.CreateObservableGauge("strata.compute.members", () => directory.Count, null, "Compute members that are connected.");
        meter.CreateObservableGauge("strata.compute.calls.running", () => counts.Running, null, "Calls that compute members work on.");
        meter.CreateObservableGauge(
            "strata.compute.calls.waiting", () => counts.Waiting, null, "Calls that wait for a compute member that is free.");
        meter.CreateObservableCounter(
            "strata.compute.calls.refused", () => counts.Refused, null, "Calls to compute members that were refused with SERVER_BUSY.");
        meter.CreateObservableCounter(
            "strata.compute.calls.timed_out", () => counts.TimedOut, null, "Calls that no compute member answered in time.");
    }

    public static long Now() => Duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <param name="startedAt">Of <see cref="Now"/>.</param>
    public static void Ended(long startedAt, MemberCallKind kind, string outcome)
    {
        if (startedAt != 0)
            Duration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, new("kind", Word(kind)), new("outcome", outcome));
    }

    public static string Word(MemberCallKind kind) => kind switch
    {
        MemberCallKind.Processor => "processor",
        MemberCallKind.Criterion => "criterion",
        _ => "function",
    };

    public void Dispose() => meter.Dispose();
}
