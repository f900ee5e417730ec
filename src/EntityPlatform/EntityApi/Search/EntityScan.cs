using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>Parts of scans.</summary>
internal static class EntityScan
{
    /// <summary>The entities after the first <paramref name="skip"/>, at most <paramref name="take"/>.</summary>
    public static async ValueTask<List<EntityRevision>> TakeAsync(
        this IEntityLog log, Scan scan, int skip, int take, CancellationToken cancellationToken)
    {
        var found = new List<EntityRevision>();
        await foreach (
            var page in log.PagesAsync(scan with { Limit = (int)Math.Min(PageLimits.Max, (long)skip + take) }, cancellationToken))
        {
            found.AddRange(page.Skip(skip).Take(take - found.Count));
            skip = Math.Max(0, skip - page.Count);
            if (found.Count == take) break;
        }
        return found;
    }
}
