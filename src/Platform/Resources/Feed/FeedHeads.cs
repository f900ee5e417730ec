using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// Which logs have grown, and how far, since they were taken from here; and how far each is known to reach. Bounded by the number of
/// tenants. Safe for concurrent use; for one waiter.
/// </summary>
internal sealed class FeedHeads
{
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, Revision> heads = [];
    private readonly Dictionary<TenantId, Revision> known = [];
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long knownSum;

    /// <summary>Of all that is known, to be compared with the store's.</summary>
    public LogExtent Extent
    {
        get { lock (gate) return new LogExtent(known.Count, knownSum); }
    }

    /// <summary>Logs that have grown and were not taken yet.</summary>
    public int Waiting
    {
        get { lock (gate) return heads.Count; }
    }

    public IReadOnlyList<TenantHead> Known()
    {
        lock (gate) return [.. known.Select(k => new TenantHead(k.Key, k.Value))];
    }

    public Revision KnownOf(TenantId tenant)
    {
        lock (gate) return known.GetValueOrDefault(tenant);
    }

    /// <summary>The log is known to reach this far, and there is nothing to read in it.</summary>
    public void Know(TenantHead head)
    {
        lock (gate)
        {
            var was = known.GetValueOrDefault(head.Tenant);
            if (was >= head.Revision) return;
            known[head.Tenant] = head.Revision;
            knownSum += head.Revision.Value - was.Value;
        }
    }

    public void Raise(TenantHead head)
    {
        Know(head);
        Ask(head);
    }

    /// <summary>The log is to be read up to here, though it is not known to reach so far.</summary>
    public void Ask(TenantHead head)
    {
        lock (gate)
        {
            if (heads.GetValueOrDefault(head.Tenant) < head.Revision) heads[head.Tenant] = head.Revision;
        }
        signal.Writer.TryWrite(true);
    }

    public bool TryTake(out TenantHead head)
    {
        lock (gate)
        {
            using var first = heads.GetEnumerator();
            var found = first.MoveNext();
            head = found ? new TenantHead(first.Current.Key, first.Current.Value) : default;
            return found && heads.Remove(head.Tenant);
        }
    }

    /// <summary>Until something is raised, but no longer than this.</summary>
    public async ValueTask WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await signal.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // nothing was raised
        }
    }
}
