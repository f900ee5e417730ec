using System.Globalization;
using System.Text;

namespace Strata.Core.Background;

/// <summary>Health of background work in the Prometheus text format, version 0.0.4.</summary>
public static class WorkMetrics
{
    public static string Write(IReadOnlyList<WorkHealth> works)
    {
        var text = new StringBuilder();
        Add(text, works, "strata_background_failing", "gauge", "Background work that is failing now, by name; 0 when all is well.", w => w.Failing);
        Add(text, works, "strata_background_running", "gauge", "How many run under the name.", w => w.Count);
        Add(text, works, "strata_background_restarts_total", "counter", "Restarts after failures.", w => w.Restarts);
        return text.ToString();
    }

    private static void Add(StringBuilder text, IReadOnlyList<WorkHealth> works, string metric, string type, string help, Func<WorkHealth, long> value)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {metric} {help}\n# TYPE {metric} {type}\n");
        foreach (var work in works) text.Append(CultureInfo.InvariantCulture, $"{metric}{{work=\"{work.Name}\"}} {value(work)}\n");
    }
}
