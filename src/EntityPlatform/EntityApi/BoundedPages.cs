using System.Runtime.CompilerServices;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>
/// Scans whose pages are about as large as memory should hold of one request. The store ends a page at its bytes; asking for as many rows
/// as the documents before suggest spares it from reading more than fits. The same scan of the same revision has the same pages.
/// </summary>
internal static class BoundedPages
{
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
            if (page.IsLast) yield break;
            var average = page.Sum(entity => (long)entity.Document.Utf8.Length) / page.Count;
            var limit = (int)Math.Clamp(PageSize.BytesDefault / (average + 1), 1, most);
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id), Limit = Math.Min(limit, scan.Limit * 20) };
        }
    }
}
