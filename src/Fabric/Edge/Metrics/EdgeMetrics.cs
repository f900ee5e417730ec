using System.Diagnostics;
using System.Diagnostics.Metrics;
using Strata.Edge.Routing;

namespace Strata.Edge.Metrics;

/// <summary>
/// The instruments of one edge, in the meter <c>Strata.Edge</c>. Recording is thread-safe and allocates nothing; while nothing listens it
/// costs a comparison.
/// </summary>
internal sealed class EdgeMetrics : IDisposable
{
    /// <summary>Instead of a class of status, for a request whose client left before the answer was complete.</summary>
    public const string ClientGone = "client_gone";

    private static readonly string[] Classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly Histogram<double> duration;
    private readonly Counter<long> errors;
    private readonly Counter<long> handshakes;

    /// <param name="table">The present one.</param>
    /// <param name="instances">Of the present table.</param>
    /// <param name="held">Requests that wait for an instance.</param>
    public EdgeMetrics(Func<EdgeTable> table, Func<IReadOnlyCollection<InstanceState>> instances, Func<int> held)
    {
        duration = Meter.CreateHistogram<double>(
            "strata.edge.request.duration", "s",
            "Time from the end of the request's head to the end of the response, by deployment and status class.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries =
                [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
        errors = Meter.CreateCounter<long>("strata.edge.errors", "{request}",
            "Requests that the edge answered with its own error, by code.");
        handshakes = Meter.CreateCounter<long>("strata.edge.tls.handshakes", "{handshake}", "TLS handshakes with clients, by outcome.");
        Meter.CreateObservableGauge("strata.edge.routes", () => (long)table().Routes.Count, null, "Routes in the edge's table.");
        Meter.CreateObservableGauge("strata.edge.requests.in_flight", () => (long)instances().Sum(i => i.InFlight), null,
            "Requests in flight at instances.");
        Meter.CreateObservableGauge("strata.edge.requests.held", () => (long)held(), null,
            "Requests that wait for an instance that is starting or cannot be reached.");
        Meter.CreateObservableGauge(
            "strata.edge.connections", () => Connections(instances()), null, "Open connections to instances, by use.");
        Meter.CreateObservableGauge(
            "strata.edge.instances", () => Health(instances()), null, "Instances in the table: healthy, or resting after failed connects.");
    }

    public Meter Meter { get; } = new("Strata.Edge");

    /// <summary>For the start of a request; 0 while nothing measures.</summary>
    public long Now() => duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <param name="startedAt">Of <see cref="Now"/>.</param>
    public void Count(DeploymentSeries series, int status, bool clientGone, long startedAt)
    {
        if (startedAt == 0) return;
        duration.Record(
            Stopwatch.GetElapsedTime(startedAt).TotalSeconds, new("org", series.Org), new("deployment", series.Deployment),
            new("code", clientGone ? ClientGone : Classes[Math.Clamp(status / 100, 1, Classes.Length) - 1]));
    }

    /// <param name="code">From the fixed list of the edge's errors.</param>
    public void CountError(DeploymentSeries series, string code) =>
        errors.Add(1, new("org", series.Org), new("deployment", series.Deployment), new("error", code));

    /// <param name="outcome"><c>done</c>, <c>failed</c>, or <c>no_certificate</c> for a host without one.</param>
    public void CountHandshake(string outcome) => handshakes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => Meter.Dispose();

    private static IEnumerable<Measurement<long>> Connections(IReadOnlyCollection<InstanceState> instances)
    {
        var (used, idle, streams) = (0L, 0L, 0L);
        foreach (var instance in instances)
        {
            var count = instance.Pool.Count;
            (used, idle, streams) = (used + count.Open - count.Idle - count.Streams, idle + count.Idle, streams + count.Streams);
        }
        return [Of(used, "used"), Of(idle, "idle"), Of(streams, "stream")];
    }

    private static IEnumerable<Measurement<long>> Health(IReadOnlyCollection<InstanceState> instances)
    {
        var healthy = instances.Count(i => i.IsHealthy);
        return [Of(healthy, "healthy"), Of(instances.Count - healthy, "resting")];
    }

    private static Measurement<long> Of(long value, string state) => new(value, new KeyValuePair<string, object?>("state", state));
}
