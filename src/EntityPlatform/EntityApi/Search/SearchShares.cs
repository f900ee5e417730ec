using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.EntityApi.Search;

/// <summary>
/// The searches that run in the database on behalf of this server at a time, shared by organizations: one with many searches waits for its
/// own, not the others for it. Reading the results afterwards needs no place. Safe for concurrent use.
/// </summary>
internal sealed class SearchShares(SearchOptions options, TimeProvider time) : IShareReport
{
    private readonly FairShare running = new(
        "running searches", new ShareSize(options.SearchesAtOnce) { PerOrganizationMax = Math.Max(1, options.SearchesAtOnce * 3 / 4) });

    public IEnumerable<ShareUse> Shares => [running.Use];

    /// <returns>A place, as soon as it is the organization's turn; SHARE_EXHAUSTED if that takes longer than a search may.</returns>
    public ValueTask<Result<ShareLease>> EnterAsync(TenantId tenant, CancellationToken cancellationToken) =>
        running.TakeAsync(tenant, options.Timeout, time, cancellationToken);
}
