using System.Collections.Concurrent;

namespace Strata.Core.Sharing;

/// <summary>Why a share was not given.</summary>
internal enum ShareOutcome
{
    Taken,

    /// <summary>The organization uses the most that it may use.</summary>
    OrganizationFull,

    /// <summary>What is left is reserved for organizations with nothing in use, or nothing is left.</summary>
    AllFull,
}

/// <summary>
/// What is in use of a common resource, in total and by each organization. Invariants, what is charged apart: the sum never exceeds the
/// total; one organization never exceeds its maximum; one that uses something already leaves the reserve alone. Taking and returning use
/// interlocked operations only, no lock. Holds one small counter for each organization that ever took something. Safe for concurrent use.
/// </summary>
internal sealed class ShareLedger(ShareSize size)
{
    private readonly ConcurrentDictionary<TenantId, Counter> counters = new();
    private long used;

    /// <summary>What one organization may use at most, at this moment.</summary>
    public long MaxNow => size.IsShared() ? Math.Min(size.PerOrganizationMax, size.Total) : size.Total;

    public long Used => Volatile.Read(ref used);

    public long UsedBy(TenantId tenant) => counters.TryGetValue(tenant, out var counter) ? Volatile.Read(ref counter.Used) : 0;

    public ShareOutcome TryTake(TenantId tenant, long amount)
    {
        var counter = counters.GetOrAdd(tenant, static _ => new Counter());
        long before;
        do
        {
            before = Volatile.Read(ref counter.Used);
            if (before + amount > MaxNow) return ShareOutcome.OrganizationFull;
        }
        while (Interlocked.CompareExchange(ref counter.Used, before + amount, before) != before);

        var limit = before == 0 || !size.IsShared() ? size.Total : size.Total - size.Reserve;
        long total;
        do
        {
            total = Volatile.Read(ref used);
            if (total + amount <= limit) continue;
            Interlocked.Add(ref counter.Used, -amount);
            return ShareOutcome.AllFull;
        }
        while (Interlocked.CompareExchange(ref used, total + amount, total) != total);
        return ShareOutcome.Taken;
    }

    /// <summary>
    /// Takes unconditionally, for what is already in use. This may exceed the bounds; then no more can be taken until it is returned.
    /// </summary>
    public void Charge(TenantId tenant, long amount)
    {
        Interlocked.Add(ref counters.GetOrAdd(tenant, static _ => new Counter()).Used, amount);
        Interlocked.Add(ref used, amount);
    }

    /// <summary>Which bound a request would meet now.</summary>
    public ShareOutcome WouldBe(TenantId tenant, long amount) =>
        UsedBy(tenant) + amount > MaxNow ? ShareOutcome.OrganizationFull : ShareOutcome.AllFull;

    public void Return(TenantId tenant, long amount)
    {
        Interlocked.Add(ref counters[tenant].Used, -amount);
        Interlocked.Add(ref used, -amount);
    }

    private sealed class Counter
    {
        public long Used;
    }
}
