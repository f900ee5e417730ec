using System.Diagnostics.Metrics;

namespace Strata.Server.Status;

/// <summary>Health of the server's parts, as instruments of the meter <c>Strata.Server</c>, until it is disposed.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly Meter meter = new("Strata.Server");

    public ServerMetrics(Func<ServerStatus> status)
    {
        meter.CreateObservableGauge("strata.part.ok", () => Parts(status()), null, "1 while the part works.");
        meter.CreateObservableGauge("strata.server.memory", () => Environment.WorkingSet, "By", "Memory of the server's process.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Parts(ServerStatus status) =>
        status.Parts.Select(p => new Measurement<long>(p.Ok ? 1 : 0, new KeyValuePair<string, object?>("part", p.Name)));
}
