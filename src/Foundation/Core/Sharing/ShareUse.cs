using System.Globalization;
using System.Text;

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
/// Shares in the Prometheus text format, version 0.0.4. By resource only: the number of series does not grow with the number of
/// organizations.
/// </summary>
public static class ShareMetrics
{
    public static string Write(IEnumerable<IShareReport> reports)
    {
        var shares = reports.SelectMany(r => r.Shares).ToList();
        var text = new StringBuilder();
        Add(text, shares, "strata_share_used", "gauge", "In use, by all organizations together.", s => s.Used);
        Add(text, shares, "strata_share_total", "gauge", "Places or bytes of a common resource that there are.", s => s.Total);
        Add(text, shares, "strata_share_waiting", "gauge", "Requests or works that wait for their turn.", s => s.Waiting);
        Add(text, shares, "strata_share_refused_total", "counter", "Refusals at a bound.", s => s.Refused);
        return text.ToString();
    }

    private static void Add(StringBuilder text, List<ShareUse> shares, string metric, string type, string help, Func<ShareUse, long> value)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {metric} {help}\n# TYPE {metric} {type}\n");
        foreach (var share in shares)
            text.Append(CultureInfo.InvariantCulture, $"{metric}{{resource=\"{share.Resource}\"}} {value(share)}\n");
    }
}
