using System.Diagnostics.Metrics;

namespace Strata.Core.Sharing;

/// <summary>How much of a common resource is in use on this server, by all organizations together.</summary>
/// <param name="Total">Places or bytes that there are.</param>
/// <param name="Refused">How often one was refused since the start.</param>
/// <param name="Waiting">How many wait for a part of it now.</param>
public sealed record ShareUse(string Resource, long Used, long Total, long Refused, long Waiting = 0);

/// <summary>Something that shares common resources; registered so that the metrics show them.</summary>
public interface IShareReport
{
    IEnumerable<ShareUse> Shares { get; }
}

/// <summary>
/// Shares as instruments of the meter <c>Strata.Shares</c>, until it is disposed. By resource only: the number of series does not grow with
/// the number of organizations.
/// </summary>
public sealed class ShareMetrics : IDisposable
{
    private readonly Meter meter = new("Strata.Shares");

    public ShareMetrics(IReadOnlyCollection<IShareReport> reports)
    {
        meter.CreateObservableGauge("strata.share.used", () => Each(reports, s => s.Used), null, "In use, by all organizations together.");
        meter.CreateObservableGauge(
            "strata.share.total", () => Each(reports, s => s.Total), null, "Places or bytes of a common resource that there are.");
        meter.CreateObservableGauge(
            "strata.share.waiting", () => Each(reports, s => s.Waiting), null, "Requests or works that wait for their turn.");
        meter.CreateObservableCounter("strata.share.refused", () => Each(reports, s => s.Refused), null, "Refusals at a bound.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<long>> Each(IReadOnlyCollection<IShareReport> reports, Func<ShareUse, long> value) =>
        reports.SelectMany(r => r.Shares).Select(
            s => new Measurement<long>(value(s), new KeyValuePair<string, object?>("resource", s.Resource)));
}
