using System.Runtime.CompilerServices;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>
/// Reads the results in pages that are small if documents are large, so that an answer takes little memory whatever its size.
/// </summary>
internal static class FoundPages
{
    private const int FirstPage = 8;
    private const int PageMax = 500;
    private const int BytesAimed = 1 << 20;

    public static async IAsyncEnumerable<IReadOnlyList<EntityRevision>> PagesAsync(
        this IEntitySearch search, TenantId tenant, IReadOnlyList<FoundEntity> found,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var size = FirstPage;
        for (var at = 0; at < found.Count;)
        {
            var count = Math.Min(size, found.Count - at);
            var page = await search.ReadAsync(tenant, [.. found.Skip(at).Take(count)], PageSize.BytesDefault, cancellationToken);
            at += page.Read;
            yield return page.Revisions;
            var bytes = Math.Max(1, page.Revisions.Sum(entity => (long)entity.Document.Utf8.Length));
            size = (int)Math.Clamp(BytesAimed * (long)page.Read / bytes, 1, PageMax);
        }
    }
}
