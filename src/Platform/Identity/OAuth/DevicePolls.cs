using System.Collections.Concurrent;

namespace Strata.Identity.OAuth;

/// <summary>
/// When programs asked last whether they may go on, so that who asks too often is slowed down (RFC 8628, 3.5). Of requests that wait only,
/// of which there is a bounded number. Each server counts what it is asked itself. Safe for concurrent use.
/// </summary>
internal sealed class DevicePolls(TimeProvider time)
{
    /// <summary>What programs are asked to leave between two polls.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Networks bring two polls nearer to each other than they were sent.</summary>
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(500);

    private const int Max = 10_000;

    private readonly ConcurrentDictionary<string, long> last = new(StringComparer.Ordinal);

    /// <returns>False: it comes too soon after the one before, and does not count.</returns>
    public bool TryPoll(string grant)
    {
        var now = time.GetTimestamp();
        if (last.TryGetValue(grant, out var before) && time.GetElapsedTime(before, now) < Interval - Jitter) return false;
        if (last.Count >= Max) Sweep(now);
        if (last.Count < Max) last[grant] = now;
        return true;
    }

    public void Forget(string grant) => last.TryRemove(grant, out _);

    private void Sweep(long now)
    {
        foreach (var (grant, at) in last)
            if (time.GetElapsedTime(at, now) >= Interval) last.TryRemove(grant, out _);
    }
}
