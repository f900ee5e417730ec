using System.Diagnostics;
using System.Diagnostics.Metrics;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>Instruments and spans of the controllers: meter and activity source <c>Strata.Controllers</c>. Thread-safe.</summary>
internal static class ControllerMetrics
{
    public const string Name = "Strata.Controllers";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "strata.controller.reconcile.duration", "s", "One look of a controller at one resource, by outcome.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300] });

    /// <summary>The gauges of a host's controllers, until they are disposed.</summary>
    public static Meter Report(IControllerReports reports)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge(
            "strata.controller.active", () => Each(reports, c => c.IsActive ? 1 : 0), null, "1 where the controller works on this server.");
        meter.CreateObservableGauge("strata.controller.queue", () => Each(reports, c => c.Waiting), null,
            "Resources waiting to be reconciled.");
        meter.CreateObservableGauge("strata.controller.running", () => Each(reports, c => c.Running), null, "Resources being reconciled.");
        meter.CreateObservableGauge("strata.controller.failing", () => Each(reports, c => c.Failing), null,
            "Resources whose last reconciliation failed.");
        return meter;
    }

    /// <summary>Dispose it when the look has ended.</summary>
    public static Look Start(string controller, Kind kind, WorkKey key) => new(controller, kind, key);

    private static IEnumerable<Measurement<long>> Each(IControllerReports reports, Func<ControllerHealth, long> value) =>
        reports.Report().Select(c => new Measurement<long>(value(c), new KeyValuePair<string, object?>("controller", c.Name)));

    /// <summary>One look: measured, and a span.</summary>
    internal sealed class Look : IDisposable
    {
        private readonly string controller;
        private readonly Activity? activity;
        private readonly long startedAt = Stopwatch.GetTimestamp();
        private bool isOk;

        public Look(string controller, Kind kind, WorkKey key)
        {
            this.controller = controller;
            activity = Source.StartActivity("reconcile");
            if (activity is not { IsAllDataRequested: true }) return;
            activity.DisplayName = "reconcile " + controller;
            activity.SetTag("strata.controller", controller).SetTag("strata.tenant", key.Tenant.Value.ToString())
                .SetTag("strata.resource", kind.IdOf(key.Id));
        }

        public void Succeeded() => isOk = true;

        public void Dispose()
        {
            if (!isOk) activity?.SetStatus(ActivityStatusCode.Error);
            activity?.Dispose();
            Duration.Record(
                Stopwatch.GetElapsedTime(startedAt).TotalSeconds, new("controller", controller), new("outcome", isOk ? "ok" : "failed"));
        }
    }
}
