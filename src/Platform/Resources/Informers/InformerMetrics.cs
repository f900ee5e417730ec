using System.Diagnostics.Metrics;

namespace Strata.Resources.Informers;

/// <summary>What the informers hold and how far they are, as instruments of the meter <c>Strata.Informers</c>.</summary>
internal static class InformerMetrics
{
    private static readonly Meter Meter = new("Strata.Informers");

    /// <summary>With several hubs in one process, as in tests, the instruments report the newest.</summary>
    private static WeakReference<InformerHub>? newest;

    static InformerMetrics()
    {
        Meter.CreateObservableGauge(
            "strata.informer.resources", () => Each(i => (long)i.Count), "{resource}", "Resources that an informer holds.");
        Meter.CreateObservableGauge(
            "strata.resources", States, "{resource}", "Resources by kind and state, such as instances that are READY.");
        Meter.CreateObservableGauge("strata.informer.memory", () => Each(i => i.Bytes), "By", "Memory that an informer takes, roughly.");
        Meter.CreateObservableGauge("strata.informer.synced", () => Each(i => i.IsSynced ? 1L : 0), null,
            "1 when an informer has listed its kind and missed nothing since.");
        Meter.CreateObservableGauge(
            "strata.informer.lag", () => Newest?.Behind ?? 0, "{log}", "Logs that have grown and were not read yet.");
    }

    private static InformerHub? Newest => newest is { } reference && reference.TryGetTarget(out var hub) ? hub : null;

    public static void Report(InformerHub hub) => Volatile.Write(ref newest, new WeakReference<InformerHub>(hub));

    /// <summary>Iterates over all resources, once for each reading of the metrics.</summary>
    private static IEnumerable<Measurement<long>> States() =>
        from informer in Newest?.All ?? []
        from state in informer.All(null).CountBy(r => r.State)
        select new Measurement<long>(state.Value, new("kind", informer.Kind.Name), new("state", state.Key));

    private static IEnumerable<Measurement<long>> Each(Func<KindInformer, long> value) =>
        Newest?.All.Select(i => new Measurement<long>(value(i), new KeyValuePair<string, object?>("kind", i.Kind.Name))) ?? [];
}
