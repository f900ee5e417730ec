using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Strata.Edge.Tests.Support;

/// <summary>
/// What the instruments of one meter report: sums of what was recorded, and present values of what is observed. Safe for concurrent use.
/// </summary>
internal sealed class EdgeReadings : IDisposable
{
    private readonly ConcurrentDictionary<string, long> sums = new();
    private readonly MeterListener listener = new();

    public EdgeReadings(Meter meter)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == meter) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>(
            (instrument, _, tags, _) => sums.AddOrUpdate(Key(instrument, tags), 1, (_, n) => n + 1));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            sums.AddOrUpdate(Key(instrument, tags), value, (_, n) => instrument.IsObservable ? value : n + value));
        listener.Start();
    }

    /// <summary>
    /// Lines such as <c>strata.edge.errors{error="HOST_UNKNOWN"} 1</c>; of a histogram, how often something was recorded.
    /// </summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        return string.Concat(sums.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key} {s.Value}\n"));
    }

    public void Dispose() => listener.Dispose();

    private static string Key(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        tags.Length == 0
            ? instrument.Name : $"{instrument.Name}{{{string.Join(',', tags.ToArray().Select(t => $"{t.Key}=\"{t.Value}\""))}}}";
}
