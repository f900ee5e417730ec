using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Blobs;

/// <summary>Goes through the pages of a list.</summary>
public static class BlobPages
{
    /// <exception cref="StrataException">The storage does not respond.</exception>
    public static async IAsyncEnumerable<T> AllAsync<T>(
        Func<string?, Task<Result<Page<T>>>> list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = (await list(after)).Value;
            foreach (var item in page.Items) yield return item;
            after = page.Next;
        }
        while (after is not null);
    }

    /// <summary>Every blob of an organization.</summary>
    public static IAsyncEnumerable<BlobInfo> AllAsync(this IBlobStore store, TenantId tenant, CancellationToken cancellationToken) =>
        AllAsync(after => store.ListAsync(tenant, after, PageLimits.Max, cancellationToken), cancellationToken);

    public static IAsyncEnumerable<TenantId> AllTenantsAsync(this IBlobStore store, CancellationToken cancellationToken) =>
        AllAsync(after => store.ListTenantsAsync(after, PageLimits.Max, cancellationToken), cancellationToken);
}
