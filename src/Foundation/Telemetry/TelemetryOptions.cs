using System.Net;

namespace Strata.Telemetry;

/// <summary>What one process exports and where. Immutable.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Such as <c>strata-server</c> or <c>strata-edge</c>; the resource attribute <c>service.name</c>.</summary>
    public required string ServiceName { get; init; }

    public required string ServiceVersion { get; init; }

    /// <summary>False: nothing is measured, traced or exported, and instruments cost one comparison each.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>Where <c>GET /metrics</c> is answered to anyone who can connect; null: nowhere.</summary>
    public IPEndPoint? MetricsListen { get; init; }

    /// <summary>An OTLP receiver for metrics and traces, such as <c>http://127.0.0.1:4317</c>; null: none.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>How much of the traces is exported, 0 to 1.</summary>
    public double TraceRatio { get; init; }

    /// <summary>
    /// Secret of the cloud that decides together with the trace id which traces are sampled: a client that chooses its trace ids cannot
    /// choose that they are sampled.
    /// </summary>
    public ReadOnlyMemory<byte> SamplingKey { get; init; }

    /// <summary>Spans are made only if they have somewhere to go.</summary>
    public bool Traces => IsOn && Otlp is not null && TraceRatio > 0;
}
