using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>Which logs have grown, and how far, since they were taken from here. Bounded by the number of tenants. Safe for concurrent use; for one who waits.</summary>
internal sealed class FeedHeads
{
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, Revision> heads = [];
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Raise(TenantHead head)
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
