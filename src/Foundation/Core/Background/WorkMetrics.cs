using System.Diagnostics.Metrics;

namespace Strata.Core.Background;

/// <summary>Health of a process's background work, as instruments of the meter <c>Strata.Background</c>, until it is disposed.</summary>
public sealed class WorkMetrics : IDisposable
{
    private readonly Meter meter = new("Strata.Background");

    public WorkMetrics(Supervisor supervisor)
    {
        meter.CreateObservableGauge(
            "strata.background.failing", () => Each(supervisor, w => w.Failing), null, "Background work that is failing now, by name.");
        meter.CreateObservableGauge(
            "strata.background.running", () => Each(supervisor, w => w.Count), null, "How many run under the name.");
        meter.CreateObservableCounter(
            "strata.background.restarts", () => Each(supervisor, w => w.Restarts), null, "Restarts after failures.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Each(Supervisor supervisor, Func<WorkHealth, long> value) =>
        supervisor.Report().Select(w => new Measurement<long>(value(w), new KeyValuePair<string, object?>("work", w.Name)));
}
