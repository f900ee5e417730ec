using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.OAuth;

/// <summary>
/// What may be used once, in all servers of the cloud, and is kept for as long as it could be used again. How much there is, is bounded by
/// who asks. Safe for concurrent use.
/// </summary>
internal sealed class UsedOnce(IDurableValues values, TimeProvider time, string folder, TimeSpan keptFor)
{
    private const int PageSize = 200;

    /// <returns>False: it was used before. Of several at the same moment one gets true.</returns>
    public ValueTask<bool> TryUseAsync(string name, CancellationToken cancellationToken) => values.TryAddAsync(
        TenantId.Platform, folder + name, JsonText.From(time.GetUtcNow(), WireJson.Of<DateTimeOffset>()), cancellationToken);

    /// <summary>Removes what can be used no more anyway.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (await values.ListAsync(TenantId.Platform, folder, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var value in page)
            {
                if (time.GetUtcNow() - value.Value.To(WireJson.Of<DateTimeOffset>()) >= keptFor)
                    await values.DeleteAsync(TenantId.Platform, value.Name, cancellationToken);
            }
            after = page[^1].Name;
        }
    }
}
