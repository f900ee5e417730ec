namespace Strata.Core.Sharing;

/// <summary>
/// Bytes of memory that are in use for one purpose, in total and by each organization; an organization that uses none finds the reserve
/// free (see <see cref="ShareSize"/>). Bytes are reserved before they are read or queued and returned when they are released. At the bound
/// the caller decides: <see cref="TryReserve"/> refuses at once with SERVER_BUSY (503 with Retry-After), <see cref="ReserveAsync"/> waits.
/// A reservation beyond an organization's maximum counts as the maximum, so a large thing goes alone instead of never; the bytes in use may
/// therefore exceed the budget by one such thing for each organization. No lock while there are no waiters. Safe for concurrent use.
/// </summary>
/// <param name="purpose">What the bytes hold, for error messages: <c>lists</c>.</param>
/// <param name="waitingPerOrganizationMax">How many of one organization may wait at a time; more are refused.</param>
public sealed class ByteBudget(string purpose, ShareSize size, int waitingPerOrganizationMax = 1000)
{
    private readonly SharedCapacity capacity = new(size, waitingPerOrganizationMax);

    public ShareSize Size => size;

    /// <summary>Bytes in use.</summary>
    public long Used => capacity.Used;

    public ShareUse Use => new(purpose, Used, size.Total, capacity.Refused, capacity.Waiting);

    public long UsedBy(TenantId tenant) => capacity.UsedBy(tenant);

    /// <summary>The bytes, until the lease is disposed; SERVER_BUSY where they do not fit.</summary>
    public Result<ShareLease> TryReserve(TenantId tenant, long bytes)
    {
        var amount = Amount(bytes);
        return Lease(tenant, amount, capacity.TryTake(tenant, amount));
    }

    /// <summary>
    /// The bytes, until the lease is disposed, as soon as they fit; SERVER_BUSY where patience ends first, or too many of the organization
    /// wait already.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is reserved.</exception>
    public async ValueTask<Result<ShareLease>> ReserveAsync(
        TenantId tenant, long bytes, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var amount = Amount(bytes);
        return Lease(tenant, amount, await capacity.TakeAsync(tenant, amount, patience, time, cancellationToken));
    }

    private long Amount(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return capacity.Clamp(bytes);
    }

    private Result<ShareLease> Lease(TenantId tenant, long amount, ShareOutcome outcome) =>
        outcome == ShareOutcome.Taken ? new ShareLease(capacity, tenant, amount) : ShareErrors.NoMemory(purpose, outcome);
}
