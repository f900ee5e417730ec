using System.Collections.Concurrent;

namespace Strata.Api.Peers;

/// <summary>
/// Which servers could not be reached a moment ago. They get no requests for a while, and requests that wait for a connection to one of
/// them are refused. Safe for concurrent use.
/// </summary>
internal sealed class PeerRests(TimeSpan rest, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Peer> peers = new(StringComparer.Ordinal);

    public bool IsResting(string serverId) =>
        peers.TryGetValue(serverId, out var peer) && peer.FailedAt is { } at && time.GetElapsedTime(at) < rest;

    /// <summary>Cancelled at the next failed connect.</summary>
    public CancellationToken NextRest(string serverId) => peers.GetOrAdd(serverId, static _ => new Peer(null)).Next;

    public void Failed(string serverId)
    {
        var failed = new Peer(time.GetTimestamp());
        while (true)
        {
            var before = peers.GetOrAdd(serverId, failed);
            if (before == failed) return;
            if (!peers.TryUpdate(serverId, failed, before)) continue;
            before.End();
            return;
        }
    }

    public void Answered(string serverId)
    {
        // The same signal continues: others may still wait for a connection.
        if (peers.TryGetValue(serverId, out var peer) && peer.FailedAt is not null) peers.TryUpdate(serverId, peer.Well(), peer);
    }

    /// <summary>Its signal has no timer and no wait handle, so it needs no disposal.</summary>
    private sealed class Peer(long? failedAt, CancellationTokenSource? signal = null)
    {
        private readonly CancellationTokenSource signal = signal ?? new CancellationTokenSource();

        public long? FailedAt => failedAt;

        public CancellationToken Next => signal.Token;

        public void End() => signal.Cancel();

        public Peer Well() => new(null, signal);
    }
}
