using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Strata.Server.Bootstrap;
using Strata.Server.Options;
using Strata.Telemetry;

namespace Strata.Server.Hosting;

/// <summary>Starts the telemetry of a process of the cloud as its settings say.</summary>
public static class ProcessTelemetry
{
    private const int KeyBytes = 32;

    public static Task<StrataTelemetry> StartServerAsync(
        ServerOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        StrataTelemetry.StartAsync(
            Of(options, "strata-server") with { MetricsListen = options.Telemetry.Metrics }, loggers, cancellationToken);

    /// <summary>Of an edge in a process of its own.</summary>
    public static Task<StrataTelemetry> StartEdgeAsync(
        ServerOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        StrataTelemetry.StartAsync(
            Of(options, "strata-edge") with { MetricsListen = options.Telemetry.EdgeMetrics }, loggers, cancellationToken);

    private static TelemetryOptions Of(ServerOptions options, string service) => new()
    {
        ServiceName = service,
        ServiceVersion = ProgramVersion.Text,
        IsOn = options.Telemetry.IsOn,
        Otlp = options.Telemetry.Otlp,
        TraceRatio = options.Telemetry.TraceRatio,
        SamplingKey = options.Telemetry is { IsOn: true, Otlp: not null } ? SamplingKey(options.Home.TraceKeyFile) : default,
    };

    /// <summary>Of this data folder, so that its server and its edge sample the same traces.</summary>
    private static byte[] SamplingKey(string path)
    {
        if (!File.Exists(path)) PrivateFile.Write(path, Convert.ToHexString(RandomNumberGenerator.GetBytes(KeyBytes)));
        return Encoding.ASCII.GetBytes(File.ReadAllText(path));
    }
}
