using System.Diagnostics.Metrics;

namespace Strata.Blobs;

/// <summary>Instruments of the blob stores, in the meter <c>Strata.Blobs</c>. Thread-safe.</summary>
internal static class BlobMetrics
{
    private static readonly Meter Meter = new("Strata.Blobs");

    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>(
        "strata.blob.written", "By", "Bytes of blobs that were written, those of puts that failed included.");

    public static void Written(long bytes) => Bytes.Add(bytes);
}
