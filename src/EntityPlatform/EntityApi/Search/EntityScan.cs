using System.Runtime.CompilerServices;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>Scans that are longer than a page of the log. Each page is a query of its own: between two, no connection of the database is held.</summary>
internal static class EntityScan
{
    /// <summary>The scan's pages, each of at most <see cref="Scan.Limit"/>, none of them empty. As of the latest they are not one snapshot.</summary>
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

    /// <summary>What stands behind the first <paramref name="skip"/> entities, at most <paramref name="take"/>.</summary>
    public static async ValueTask<List<EntityRevision>> TakeAsync(
        this IEntityLog log, Scan scan, int skip, int take, CancellationToken cancellationToken)
    {
        var found = new List<EntityRevision>();
        await foreach (var page in log.PagesAsync(scan with { Limit = (int)Math.Min(PageLimits.Max, (long)skip + take) }, cancellationToken))
        {
            found.AddRange(page.Skip(skip).Take(take - found.Count));
            skip = Math.Max(0, skip - page.Count);
            if (found.Count == take) break;
        }
        return found;
    }
}
