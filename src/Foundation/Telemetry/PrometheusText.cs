using System.Globalization;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Strata.Telemetry;

/// <summary>Metrics in the Prometheus text format, written by OpenTelemetry's exporter. The only writer of it in Strata.</summary>
public static class PrometheusText
{
    private static long answers;

    private static readonly IServiceProvider NoServices = new ServiceCollection().BuildServiceProvider();

    /// <summary>
    /// Answers with metrics that exist for this answer only: what one caller may see, such as the compute members of an organization, is
    /// not among the process's metrics.
    /// </summary>
    /// <param name="define">Creates observable instruments; called once, before they are read.</param>
    public static async Task WriteAsync(HttpContext http, Action<Meter> define)
    {
        using var meter = new Meter("Answer." + Interlocked.Increment(ref answers).ToString(CultureInfo.InvariantCulture));
        define(meter);
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter.Name).AddPrometheusExporter(Configure).Build();
        await EndpointOf(provider)(http);
    }

    internal static void Configure(PrometheusAspNetCoreOptions options)
    {
        options.ScopeInfoEnabled = false; // the names say what they belong to, and one more label on each line helps no query
        options.TargetInfoEnabled = false;
    }

    internal static RequestDelegate EndpointOf(MeterProvider provider)
    {
        var app = new ApplicationBuilder(NoServices);
        app.UseOpenTelemetryPrometheusScrapingEndpoint(provider, _ => true, path: null, configureBranchedPipeline: null, optionsName: null);
        return app.Build();
    }
}
