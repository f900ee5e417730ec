using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.OAuth;

/// <summary>
/// Authorization codes that were used, for as long as they could be used again: the session that a code led to may have ended by then. Safe
/// for concurrent use, also by several servers.
/// </summary>
internal sealed class UsedCodes(IDurableValues values, TimeProvider time)
{
    private const string Folder = "code/";
    private const int PageSize = 200;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    /// <returns>False: it was used before. Of two at the same moment both may get true: they cannot both begin a session.</returns>
    public async ValueTask<bool> TryUseAsync(string code, CancellationToken cancellationToken)
    {
        if (await values.ReadAsync(TenantId.Platform, Folder + code, cancellationToken) is not null) return false;
        await values.WriteAsync(
            TenantId.Platform, Folder + code, JsonText.From(time.GetUtcNow(), WireJson.Of<DateTimeOffset>()), cancellationToken);
        return true;
    }

    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (await values.ListAsync(TenantId.Platform, Folder, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var value in page)
            {
                if (time.GetUtcNow() - value.Value.To(WireJson.Of<DateTimeOffset>()) >= KeptFor)
                    await values.DeleteAsync(TenantId.Platform, value.Name, cancellationToken);
            }
            after = page[^1].Name;
        }
    }
}
