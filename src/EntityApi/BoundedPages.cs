using System.Runtime.CompilerServices;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>
/// Scans whose pages are about as large as memory should hold of one request, whatever the documents' size: each page's length follows from how large
/// the documents before it were. The same scan of the same revision has the same pages.
/// </summary>
internal static class BoundedPages
{
    /// <summary>Documents of one page, together, as far as those before it foretell.</summary>
    private const int PageBytes = 16 << 20;

    private const int FirstLimit = 50;

    /// <param name="scan">Its limit is the most that a page holds.</param>
    public static async IAsyncEnumerable<IReadOnlyList<EntityRevision>> BoundedPagesAsync(
        this IEntityLog log, Scan scan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var most = scan.Limit;
        scan = scan with { Limit = Math.Min(most, FirstLimit) };
        while (true)
        {
            var page = await log.ScanAsync(scan, cancellationToken);
            if (page.Count > 0) yield return page;
            if (page.Count < scan.Limit) yield break;
            var average = page.Sum(entity => (long)entity.Document.Utf8.Length) / page.Count;
            var limit = (int)Math.Clamp(PageBytes / (average + 1), 1, most);
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id), Limit = Math.Min(limit, scan.Limit * 20) };
        }
    }
}
