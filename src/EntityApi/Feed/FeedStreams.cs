using Strata.Core;

namespace Strata.EntityApi.Feed;

/// <summary>Counts the streams that are open on this server, so that no organization can take them all. Safe for concurrent use.</summary>
internal sealed class FeedStreams(EntityApiLimits limits)
{
    public Error TooMany => new(
        ErrorKind.TooMany, "TOO_MANY_STREAMS", $"This organization follows its entities {limits.FeedStreamsMax} times already.", "End a stream, or let several readers share one.") { Retryable = true };

    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, int> open = [];

    /// <param name="place">Dispose it when the stream has ended.</param>
    public bool TryEnter(TenantId tenant, out IDisposable place)
    {
        place = new Place(this, tenant);
        lock (gate)
        {
            var count = open.GetValueOrDefault(tenant);
            if (count >= limits.FeedStreamsMax) return false;
            open[tenant] = count + 1;
            return true;
        }
    }

    private void Leave(TenantId tenant)
    {
        lock (gate)
        {
            if (--open[tenant] == 0) open.Remove(tenant);
        }
    }

    private sealed class Place(FeedStreams owner, TenantId tenant) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 0) owner.Leave(tenant);
        }
    }
}
