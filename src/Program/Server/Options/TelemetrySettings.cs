using System.Globalization;
using System.Net;
using Strata.Server.Logging;

namespace Strata.Server.Options;

/// <summary>How a process of the cloud reports about itself: metrics, traces, the form of its logs. Immutable.</summary>
public sealed record TelemetrySettings
{
    /// <summary>False: nothing is measured or traced.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>Where the server serves its metrics; null: nowhere but in its API.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>As <see cref="Metrics"/>, of an edge in a process of its own.</summary>
    public IPEndPoint? EdgeMetrics { get; init; }

    public Uri? Otlp { get; init; }

    /// <summary>0 to 1.</summary>
    public double TraceRatio { get; init; }

    public LogFormat LogFormat { get; init; }
}

/// <summary>The settings of <see cref="TelemetrySettings"/> and how they are read.</summary>
public static class TelemetrySetting
{
    public static readonly Setting Telemetry = new("telemetry", "on", "on or off: whether metrics and traces are collected at all");

    public static readonly Setting MetricsListen = new(
        "metrics-listen", "127.0.0.1:7091", "Address and port of the server's metrics for Prometheus (GET /metrics, no token), or off");

    public static readonly Setting EdgeMetricsListen = new(
        "edge-metrics-listen", "127.0.0.1:7092", "The same for an edge in a process of its own");

    public static readonly Setting Otlp = new(
        "otlp", "", "An OTLP receiver of metrics and traces, e.g. http://127.0.0.1:4317; empty: OTEL_EXPORTER_OTLP_ENDPOINT, or none");

    public static readonly Setting TraceRatio = new(
        "trace-ratio", "auto", "Share of the requests that are traced, 0 to 1; auto: 0.01 with an OTLP receiver, otherwise 0");

    public static readonly Setting LogFormat = new(
        "log-format", "text", "text or json: the form of the log and of what is written to standard error");

    public static readonly IReadOnlyList<Setting> All = [Telemetry, MetricsListen, EdgeMetricsListen, Otlp, TraceRatio, LogFormat];

    private const double AutoRatio = 0.01;

    internal static TelemetrySettings Read(Func<Setting, SettingValue> value, List<string> faults)
    {
        var otlp = ServerOptionsReader.Read(
            value(Otlp), "an http or https address without a query, such as http://127.0.0.1:4317", Receiver, faults);
        return new TelemetrySettings
        {
            IsOn = ServerOptionsReader.Read(value(Telemetry), "on or off", ServerOptionsReader.OnOff, faults),
            Metrics = ServerOptionsReader.Read(
                value(MetricsListen), "an address and port such as 127.0.0.1:7091, or off", EndPoint, faults),
            EdgeMetrics = ServerOptionsReader.Read(
                value(EdgeMetricsListen), "an address and port such as 127.0.0.1:7092, or off", EndPoint, faults),
            Otlp = otlp,
            TraceRatio = ServerOptionsReader.Read(value(TraceRatio), "auto, or a number from 0 to 1", text => Ratio(text, otlp), faults),
            LogFormat = ServerOptionsReader.Read(value(LogFormat), "text or json", Format, faults),
        };
    }

    private static IPEndPoint? EndPoint(string text)
    {
        if (text == "off") return null;
        return IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port > 0 ? endPoint : throw new FormatException();
    }

    private static Uri? Receiver(string text)
    {
        if (text.Length == 0) text = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") ?? "";
        if (text.Length == 0) return null;
        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url is { Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" };
        return isUrl ? url : throw new FormatException();
    }

    private static double Ratio(string text, Uri? otlp)
    {
        if (text == "auto") return otlp is null ? 0 : AutoRatio;
        var ratio = double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return ratio is >= 0 and <= 1 ? ratio : throw new FormatException();
    }

    private static LogFormat Format(string text) =>
        text switch { "text" => Logging.LogFormat.Text, "json" => Logging.LogFormat.Json, _ => throw new FormatException() };
}
