using System.Globalization;
using System.Text;
using Strata.Core.Background;
using Strata.Core.Sharing;

namespace Strata.Server.Status;

/// <summary>A server's status in the Prometheus text format, version 0.0.4. The edge's own metrics are at its admin port.</summary>
internal static class ServerMetrics
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(ServerStatus status, IEnumerable<IShareReport> shares)
    {
        var text = new StringBuilder("# HELP strata_part_ok 1 while the part works.\n# TYPE strata_part_ok gauge\n");
        foreach (var part in status.Parts) text.Append(CultureInfo.InvariantCulture, $"strata_part_ok{{part=\"{part.Name}\"}} {(part.Ok ? 1 : 0)}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE strata_server_memory_bytes gauge\nstrata_server_memory_bytes {status.MemoryBytes}\n");
        return text.Append(WorkMetrics.Write(status.Background)).Append(ShareMetrics.Write(shares)).ToString();
    }
}
