namespace Strata.Core.Sharing;

/// <summary>
/// A share of a common resource, held until it is disposed; disposing it more than once is harmless. Safe for concurrent use.
/// </summary>
public sealed class ShareLease : IDisposable
{
    private readonly SharedCapacity capacity;
    private readonly TenantId tenant;
    private long amount;

    internal ShareLease(SharedCapacity capacity, TenantId tenant, long amount) =>
        (this.capacity, this.tenant, this.amount) = (capacity, tenant, amount);

    /// <summary>Places or bytes held; 0 once disposed.</summary>
    public long Amount => Volatile.Read(ref amount);

    /// <summary>Returns a part early, such as the bytes that were sent already; never more than is held.</summary>
    public void Return(long part)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        long before;
        do before = Volatile.Read(ref amount);
        while (Interlocked.CompareExchange(ref amount, Math.Max(0, before - part), before) != before);
        capacity.Return(tenant, Math.Min(before, part));
    }

    /// <summary>
    /// Adds what is in use already, such as the bytes of a page that turned out larger than was reserved. It is never refused, but no one
    /// can take more until the sum is below the bound again. Not for a lease that is disposed.
    /// </summary>
    public void Charge(long more)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(more);
        Interlocked.Add(ref amount, more);
        capacity.Charge(tenant, more);
    }

    public void Dispose() => capacity.Return(tenant, Interlocked.Exchange(ref amount, 0));
}
