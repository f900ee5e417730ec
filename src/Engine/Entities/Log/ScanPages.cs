using System.Runtime.CompilerServices;

namespace Strata.Entities.Log;

/// <summary>Scans that are longer than a page of the log.</summary>
public static class ScanPages
{
    /// <summary>
    /// The scan's pages, each of at most <see cref="Scan.Limit"/>, none of them empty. Each is a query of its own: between two, no
    /// connection of the database is held. As of the latest they are not one snapshot.
    /// </summary>
    public static async IAsyncEnumerable<IReadOnlyList<EntityRevision>> PagesAsync(
        this IEntityLog log, Scan scan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await log.ScanAsync(scan, cancellationToken);
            if (page.Count > 0) yield return page;
            if (page.IsLast) yield break;
            scan = scan with { After = new ScanPosition(page[^1].Tenant, page[^1].Id) };
        }
    }
}
