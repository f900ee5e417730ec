namespace Strata.Core.Sharing;

/// <summary>
/// Those who wait for a share: first come, first served within an organization, and round robin between organizations. A waiter that needs
/// more than is free keeps its turn, so that smaller requests of others do not overtake it for ever; only organizations with nothing in use
/// pass it. Safe for concurrent use.
/// </summary>
internal sealed class ShareQueue(ShareLedger ledger, int waitingPerOrganizationMax)
{
    private readonly Lock gate = new();

    /// <summary>Organizations that wait, the next in turn first; each with at least one waiter.</summary>
    private readonly LinkedList<Line> turns = [];
    private readonly Dictionary<TenantId, LinkedListNode<Line>> lines = [];
    private int waiting;

    public int Waiting => Volatile.Read(ref waiting);

    public bool IsEmpty => Volatile.Read(ref waiting) == 0;

    public int WaitingOf(TenantId tenant)
    {
        lock (gate) return lines.TryGetValue(tenant, out var line) ? line.Value.Waiters.Count : 0;
    }

    /// <returns>A waiter whose task completes once it has its share; null where too many of the organization wait already.</returns>
    public Waiter? Enter(TenantId tenant, long amount)
    {
        lock (gate)
        {
            if (lines.TryGetValue(tenant, out var line) && line.Value.Waiters.Count >= waitingPerOrganizationMax) return null;
            line ??= lines[tenant] = turns.AddLast(new Line(tenant));
            var waiter = new Waiter(tenant, amount);
            line.Value.Waiters.AddLast(waiter.Node);
            Interlocked.Increment(ref waiting); // before the ledger is read: a caller that returns a share from now on checks this counter
            Grant();
            return waiter;
        }
    }

    /// <summary>Something was returned.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref waiting) == 0) return;
        lock (gate) Grant();
    }

    /// <returns>False: it was given its share already.</returns>
    public bool TryLeave(Waiter waiter)
    {
        lock (gate)
        {
            if (waiter.Granted.IsCompleted) return false;
            Remove(lines[waiter.Tenant], waiter);
            Grant(); // those behind it may need less
            return true;
        }
    }

    private void Grant()
    {
        var blocked = false;
        for (var node = turns.First; node is not null;)
        {
            var (line, next) = (node, node.Next);
            node = next;
            var waiter = line.Value.Waiters.First!.Value;
            if (blocked && ledger.UsedBy(waiter.Tenant) > 0) continue;
            var outcome = ledger.TryTake(waiter.Tenant, waiter.Amount);
            blocked |= outcome == ShareOutcome.AllFull;
            if (outcome != ShareOutcome.Taken) continue;
            Remove(line, waiter);
            if (line.List is not null)
            {
                turns.Remove(line);
                turns.AddLast(line);
                node ??= line; // it was the last in turn: it may take another
            }
            waiter.Grant();
        }
    }

    private void Remove(LinkedListNode<Line> line, Waiter waiter)
    {
        line.Value.Waiters.Remove(waiter.Node);
        Interlocked.Decrement(ref waiting);
        if (line.Value.Waiters.Count > 0) return;
        lines.Remove(waiter.Tenant);
        turns.Remove(line);
    }

    private sealed record Line(TenantId Tenant)
    {
        public LinkedList<Waiter> Waiters { get; } = [];
    }

    internal sealed class Waiter
    {
        private readonly TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Waiter(TenantId tenant, long amount)
        {
            (Tenant, Amount) = (tenant, amount);
            Node = new LinkedListNode<Waiter>(this);
        }

        public TenantId Tenant { get; }
        public long Amount { get; }
        public LinkedListNode<Waiter> Node { get; }
        public Task Granted => granted.Task;

        public void Grant() => granted.SetResult();
    }
}
