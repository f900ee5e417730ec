using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Strata.Telemetry;

/// <summary>
/// Collects what the instruments and activity sources of this process report and exports it: as Prometheus text, and by OTLP where a
/// receiver is set. The instruments are declared beside the code that they measure, in meters and sources named <c>Strata.MODULE</c>; this
/// is the only place that knows OpenTelemetry. One per process; all members are safe for concurrent use.
/// </summary>
public sealed class StrataTelemetry : IAsyncDisposable
{
    /// <summary>Series of one instrument; further ones are added up in one with the label <c>otel_metric_overflow</c>.</summary>
    private const int SeriesMax = 200;

    /// <summary>Of instruments by route of the API, or by deployment at the edge.</summary>
    private const int SeriesOfManyMax = 4000;

    /// <summary>500 deployments, each with all codes that the edge answers with: one tenant's errors never hide another's.</summary>
    private const int SeriesOfEdgeErrorsMax = 12_000;

    private const string HttpDuration = "http.server.request.duration";
    private const int OtlpHttpPort = 4318;

    private readonly MeterProvider? meters;
    private readonly TracerProvider? tracers;
    private readonly RequestDelegate? endpoint;
    private readonly MetricsListener? listener;

    private StrataTelemetry(TelemetryOptions options, ILoggerFactory loggers)
    {
        if (!options.IsOn) return;
        meters = Meters(options);
        endpoint = PrometheusText.EndpointOf(meters);
        if (options.Traces) tracers = Tracers(options);
        if (options.MetricsListen is { } endPoint) listener = new MetricsListener(endPoint, endpoint, loggers);
    }

    /// <exception cref="IOException">The address for metrics is in use.</exception>
    public static async Task<StrataTelemetry> StartAsync(
        TelemetryOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var telemetry = new StrataTelemetry(options, loggers);
        try
        {
            if (telemetry.listener is { } listener) await listener.StartAsync(cancellationToken);
            return telemetry;
        }
        catch
        {
            await telemetry.DisposeAsync();
            throw;
        }
    }

    /// <summary>Answers a request with all metrics of this process in the Prometheus text format; 404 where telemetry is off.</summary>
    public Task WriteMetricsAsync(HttpContext http)
    {
        if (endpoint is not null) return endpoint(http);
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>Exports what was collected and not sent yet, within a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        if (listener is not null) await listener.DisposeAsync();
        tracers?.Dispose();
        meters?.Dispose();
    }

    private static MeterProvider Meters(TelemetryOptions options)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => Describe(resource, options))
            .AddMeter("Strata.*", "Microsoft.AspNetCore.Hosting", "System.Runtime")
            .AddView(instrument => instrument.Name switch
            {
                HttpDuration => new MetricStreamConfiguration
                {
                    TagKeys = ["http.route", "http.request.method", "http.response.status_code"], CardinalityLimit = SeriesOfManyMax,
                },
                // two more updates for each request; the shares show as much
                "http.server.active_requests" => MetricStreamConfiguration.Drop,
                "strata.edge.request.duration" => new MetricStreamConfiguration { CardinalityLimit = SeriesOfManyMax },
                "strata.edge.errors" => new MetricStreamConfiguration { CardinalityLimit = SeriesOfEdgeErrorsMax },
                _ => new MetricStreamConfiguration { CardinalityLimit = SeriesMax },
            })
            .AddPrometheusExporter(PrometheusText.Configure);
        if (options.Otlp is { } receiver) builder.AddOtlpExporter(otlp => SendTo(otlp, receiver, "v1/metrics"));
        return builder.Build();
    }

    private static TracerProvider Tracers(TelemetryOptions options) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => Describe(resource, options))
        .AddSource("Strata.*", "Microsoft.AspNetCore")
        .SetSampler(new TraceSampler(options.TraceRatio, options.SamplingKey))
        .AddOtlpExporter(otlp => SendTo(otlp, options.Otlp!, "v1/traces"))
        .Build();

    private static void Describe(ResourceBuilder resource, TelemetryOptions options) =>
        resource.AddService(options.ServiceName, serviceVersion: options.ServiceVersion,
            serviceInstanceId: $"{Environment.MachineName}/{Environment.ProcessId}");

    /// <summary>By gRPC, or by HTTP where the variable of OpenTelemetry says so or the port is that of OTLP over HTTP.</summary>
    private static void SendTo(OtlpExporterOptions otlp, Uri receiver, string path)
    {
        var isHttp = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL") is { Length: > 0 } protocol
            ? protocol.StartsWith("http", StringComparison.OrdinalIgnoreCase) : receiver.Port == OtlpHttpPort;
        otlp.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        otlp.Endpoint = isHttp ? new Uri(receiver.ToString().TrimEnd('/') + "/" + path) : receiver;
    }
}
