using System.Diagnostics;
using System.Diagnostics.Metrics;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>Instruments and spans of the engine: meter and activity source <c>Strata.Engine</c>. Thread-safe.</summary>
internal static class EngineMetrics
{
    private static readonly ActivitySource Source = new("Strata.Engine");

    private static readonly Meter Meter = new("Strata.Engine");

    private static readonly Counter<long> Leases = Meter.CreateCounter<long>(
        "strata.lease.changes", "{change}", "Leases that this process has taken, taken over, released or lost, by what they are for.");

    /// <summary>A span of one change; null while no trace is sampled.</summary>
    public static Activity? Start(string name, ModelKey? model, EntityId id)
    {
        var span = Source.StartActivity(name);
        if (span is not { IsAllDataRequested: true }) return span;
        if (model is { } key) span.SetTag("strata.model", key.Name);
        return span.SetTag("strata.entity", id.Value.ToString());
    }

    /// <param name="lease">Its name; only what is before the first slash becomes a label, because the rest may be an id.</param>
    public static void LeaseChanged(string lease, string change)
    {
        if (!Leases.Enabled) return;
        var slash = lease.IndexOf('/', StringComparison.Ordinal);
        Leases.Add(1, new("lease", slash < 0 ? lease : lease[..slash]), new("change", change));
    }
}
