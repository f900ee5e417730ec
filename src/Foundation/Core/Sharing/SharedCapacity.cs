namespace Strata.Core.Sharing;

/// <summary>
/// What <see cref="FairShare"/> and <see cref="ByteBudget"/> have in common: a ledger, and a queue of those who wait for it. Safe for
/// concurrent use.
/// </summary>
internal sealed class SharedCapacity(ShareSize size, int waitingPerOrganizationMax)
{
    private readonly ShareLedger ledger = new(size);
    private ShareQueue? queue; // most are never waited for
    private long refused;

    public ShareSize Size => size;

    public long Used => ledger.Used;

    public long UsedBy(TenantId tenant) => ledger.UsedBy(tenant);

    /// <summary>How often nothing was given in the end.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>How many wait, of all organizations.</summary>
    public int Waiting => Volatile.Read(ref queue)?.Waiting ?? 0;

    public int WaitingOf(TenantId tenant) => Volatile.Read(ref queue)?.WaitingOf(tenant) ?? 0;

    /// <summary>
    /// An amount beyond what one organization may use counts as that: it is given when the organization uses nothing else, instead of
    /// never.
    /// </summary>
    public long Clamp(long amount) => Math.Min(amount, ledger.MaxNow);

    public ShareOutcome TryTake(TenantId tenant, long amount) => Counted(ledger.TryTake(tenant, amount));

    /// <returns>The outcome of the last look: not <see cref="ShareOutcome.Taken"/> where patience ended, or too many wait
    /// already.</returns>
    public async ValueTask<ShareOutcome> TakeAsync(
        TenantId tenant, long amount, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref queue) is null or { IsEmpty: true } && ledger.TryTake(tenant, amount) == ShareOutcome.Taken)
            return ShareOutcome.Taken;
        var line = Queue();
        if (line.Enter(tenant, amount) is not { } waiter) return Counted(ShareOutcome.OrganizationFull);
        if (waiter.Granted.IsCompleted) return ShareOutcome.Taken;
        using var late = new CancellationTokenSource(
            patience < TimeSpan.Zero && patience != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        await waiter.Granted.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var granted = !line.TryLeave(waiter);
        if (granted && !cancellationToken.IsCancellationRequested) return ShareOutcome.Taken;
        if (granted) Return(tenant, amount);
        cancellationToken.ThrowIfCancellationRequested();
        return Counted(ledger.WouldBe(tenant, amount));
    }

    private ShareOutcome Counted(ShareOutcome outcome)
    {
        if (outcome != ShareOutcome.Taken) Interlocked.Increment(ref refused);
        return outcome;
    }

    private ShareQueue Queue() => LazyInitializer.EnsureInitialized(ref queue, () => new ShareQueue(ledger, waitingPerOrganizationMax));

    public void Charge(TenantId tenant, long amount) => ledger.Charge(tenant, amount);

    public void Return(TenantId tenant, long amount)
    {
        if (amount == 0) return;
        ledger.Return(tenant, amount);
        Volatile.Read(ref queue)?.Wake();
    }
}
