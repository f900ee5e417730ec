namespace Strata.Core.Sharing;

/// <summary>
/// A common resource of which there is a number of places, such as tunnels, build slots or watches, divided fairly between organizations.
/// One may use idle places, up to its maximum (<see cref="ShareSize.PerOrganizationMax"/>); the last ones are for organizations that use
/// none (<see cref="ShareSize.Reserve"/>), so one that uses none is refused only where more organizations than reserved places are active.
/// At the bound <see cref="TryTake"/> refuses at once, <see cref="TakeAsync"/> waits its turn: round robin over organizations. Taking and
/// returning take no lock while there are no waiters. Safe for concurrent use.
/// </summary>
/// <param name="resource">What it is, in the plural, for error messages: <c>tunnels</c>.</param>
/// <param name="waitingPerOrganizationMax">How many of one organization may wait at a time; more are refused.</param>
public sealed class FairShare(string resource, ShareSize size, int waitingPerOrganizationMax = 1000)
{
    private readonly SharedCapacity capacity = new(size, waitingPerOrganizationMax);

    public ShareSize Size => size;

    /// <summary>Places in use.</summary>
    public long Used => capacity.Used;

    public ShareUse Use => new(resource, Used, size.Total, capacity.Refused, capacity.Waiting);

    public long UsedBy(TenantId tenant) => capacity.UsedBy(tenant);

    /// <summary>How many of the organization wait for a place.</summary>
    public int WaitingOf(TenantId tenant) => capacity.WaitingOf(tenant);

    /// <summary>A place, to be disposed; SHARE_EXHAUSTED if this organization can have none.</summary>
    public Result<ShareLease> TryTake(TenantId tenant) => Lease(tenant, capacity.TryTake(tenant, 1));

    /// <summary>
    /// A place, to be disposed, as soon as it is this organization's turn; SHARE_EXHAUSTED where patience ends first, or too many of it
    /// wait already.
    /// </summary>
    /// <param name="patience">Use <see cref="Timeout.InfiniteTimeSpan"/> to wait until cancelled.</param>
    /// <exception cref="OperationCanceledException">Cancelled; it holds no place.</exception>
    public async ValueTask<Result<ShareLease>> TakeAsync(
        TenantId tenant, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken) =>
        Lease(tenant, await capacity.TakeAsync(tenant, 1, patience, time, cancellationToken));

    private Result<ShareLease> Lease(TenantId tenant, ShareOutcome outcome) =>
        outcome == ShareOutcome.Taken ? new ShareLease(capacity, tenant, 1) : ShareErrors.Exhausted(resource, tenant, outcome, capacity);
}
