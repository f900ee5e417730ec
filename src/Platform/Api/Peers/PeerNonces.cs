using System.Collections.Concurrent;

namespace Strata.Api.Peers;

/// <summary>
/// Which tokens of other servers were used, so that none is used twice. Two generations, each kept for at least as long as a token can be
/// good; each bounded, and at the bound new ones are refused. Safe for concurrent use.
/// </summary>
internal sealed class PeerNonces(TimeProvider time, TimeSpan keptFor)
{
    internal const int Max = 500_000;

    private readonly Lock turning = new();
    private ConcurrentDictionary<Guid, byte> now = new();
    private ConcurrentDictionary<Guid, byte> before = new();
    private long turnedAt = time.GetTimestamp();

    public bool IsFull => now.Count >= Max;

    /// <returns>False where it was used.</returns>
    public bool TryUse(Guid nonce)
    {
        Turn();
        var (present, former) = (Volatile.Read(ref now), Volatile.Read(ref before));
        return !former.ContainsKey(nonce) && present.TryAdd(nonce, 0);
    }

    private void Turn()
    {
        if (time.GetElapsedTime(Volatile.Read(ref turnedAt)) < keptFor) return;
        lock (turning)
        {
            if (time.GetElapsedTime(turnedAt) < keptFor) return;
            Volatile.Write(ref before, now);
            Volatile.Write(ref now, new ConcurrentDictionary<Guid, byte>());
            Volatile.Write(ref turnedAt, time.GetTimestamp());
        }
    }
}
