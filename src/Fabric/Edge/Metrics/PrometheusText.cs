using System.Globalization;
using System.Text;
using Strata.Edge.Routing;

namespace Strata.Edge.Metrics;

/// <summary>Writes the edge's metrics in the Prometheus text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] ClassNames = ["1xx", "2xx", "3xx", "4xx", "5xx", "client_gone"];

    public static string Write(EdgeTable table, MetricsRegistry metrics, IReadOnlyCollection<InstanceState> instances)
    {
        var text = new StringBuilder(4096);
        var rows = table.Routes.Select(r => (Labels: LabelsOf(r), Totals: r.Metrics.Read()))
            .Append((Labels: "route=\"\",host=\"\",path=\"\",deployment=\"\"", Totals: metrics.Unrouted.Read())).ToList();
        WriteRequests(text, rows);
        WriteFaults(text, rows);
        WriteDurations(text, rows);
        WriteInstances(text, instances);
        Head(text, "strata_edge_routes", "gauge", "Routes in the edge's table.");
        text.Append("strata_edge_routes ").Append(table.Routes.Count).Append('\n');
        return text.ToString();
    }

    private static void WriteRequests(StringBuilder text, List<(string Labels, RouteTotals Totals)> rows)
    {
        Head(text, "strata_edge_requests_total", "counter", "Requests by route and class of status; client_gone: the client left before the answer was complete.");
        foreach (var (labels, totals) in rows)
        {
            for (var i = 0; i < ClassNames.Length; i++)
            {
                if (totals.ByClass[i] == 0) continue;
                text.Append(CultureInfo.InvariantCulture, $"strata_edge_requests_total{{{labels},code=\"{ClassNames[i]}\"}} {totals.ByClass[i]}\n");
            }
        }
    }

    private static void WriteFaults(StringBuilder text, List<(string Labels, RouteTotals Totals)> rows)
    {
        Head(text, "strata_edge_errors_total", "counter", "Requests that the edge answered with an error of its own, by code.");
        foreach (var (labels, totals) in rows)
        {
            foreach (var (code, count) in totals.Faults) text.Append(CultureInfo.InvariantCulture, $"strata_edge_errors_total{{{labels},error=\"{code}\"}} {count}\n");
        }
    }

    private static void WriteDurations(StringBuilder text, List<(string Labels, RouteTotals Totals)> rows)
    {
        const string name = "strata_edge_request_duration_seconds";
        Head(text, name, "histogram", "From the end of the request's head to the end of the answer.");
        foreach (var (labels, totals) in rows)
        {
            long sum = 0;
            for (var i = 0; i < totals.Buckets.Length; i++)
            {
                sum += totals.Buckets[i];
                var bound = i < LatencyBuckets.Seconds.Length ? LatencyBuckets.Seconds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels},le=\"{bound}\"}} {sum}\n");
            }
            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{{labels}}} {totals.Ticks / (double)TimeSpan.TicksPerSecond}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_count{{{labels}}} {sum}\n");
        }
    }

    private static void WriteInstances(StringBuilder text, IReadOnlyCollection<InstanceState> instances)
    {
        Head(text, "strata_edge_instance_requests_in_flight", "gauge", "Requests that an instance is working on.");
        foreach (var i in instances) text.Append(CultureInfo.InvariantCulture, $"strata_edge_instance_requests_in_flight{{instance=\"{Escape(i.Record.Id)}\"}} {i.InFlight}\n");
        Head(text, "strata_edge_instance_connections", "gauge", "Open connections to an instance: used by a request, idle, or carrying a stream.");
        foreach (var i in instances)
        {
            var (open, idle, streams) = i.Pool.Count;
            foreach (var (state, count) in new[] { ("used", open - idle - streams), ("idle", idle), ("stream", streams) })
                text.Append(CultureInfo.InvariantCulture, $"strata_edge_instance_connections{{instance=\"{Escape(i.Record.Id)}\",state=\"{state}\"}} {count}\n");
        }
        Head(text, "strata_edge_instance_healthy", "gauge", "1: it gets requests; 0: it rests after failed connects.");
        foreach (var i in instances) text.Append(CultureInfo.InvariantCulture, $"strata_edge_instance_healthy{{instance=\"{Escape(i.Record.Id)}\"}} {(i.IsHealthy ? 1 : 0)}\n");
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static string LabelsOf(RouteEntry r) =>
        $"route=\"{Escape(r.Id)}\",host=\"{Escape(r.Host)}\",path=\"{Escape(r.Record.Path)}\",deployment=\"{Escape(r.Record.DeploymentName)}\"";

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
