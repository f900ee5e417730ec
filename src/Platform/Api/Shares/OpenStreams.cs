using System.Collections.Concurrent;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Api.Shares;

/// <summary>
/// The answers that run for long: watches, feeds and followed logs. Their number is bounded for each token, each organization and the
/// server; the cloud's own parts (agents, edges) are not counted. Safe for concurrent use.
/// </summary>
public sealed class OpenStreams(ApiLimits limits) : IShareReport
{
    private readonly ConcurrentDictionary<(TenantId Tenant, string Actor), int> byToken = new();
    private long refused;
    private readonly FairShare share = new(
        "watches, feeds and followed logs", new ShareSize(limits.StreamsMax) { PerOrganizationMax = limits.StreamsPerOrganizationMax });

    public IEnumerable<ShareUse> Shares => [share.Use with { Refused = share.Use.Refused + Interlocked.Read(ref refused) }];

    public long Open => share.Used;

    /// <param name="tenant">The organization that pays for it: the caller's own.</param>
    /// <returns>To be disposed when the stream ends; TOO_MANY_STREAMS or SHARE_EXHAUSTED.</returns>
    public Result<IDisposable> TryOpen(Principal principal, TenantId tenant)
    {
        if (principal.IsPlatform) return Result.Of<IDisposable>(Uncounted.Instance);
        if (share.UsedBy(tenant) >= limits.StreamsPerOrganizationMax) return TooMany("organization", limits.StreamsPerOrganizationMax);
        var key = (tenant, principal.Actor);
        if (byToken.AddOrUpdate(key, 1, static (_, count) => count + 1) > limits.StreamsPerTokenMax)
        {
            Leave(key);
            return TooMany("token", limits.StreamsPerTokenMax);
        }
        if (share.TryTake(tenant).TryGet(out var lease, out var error)) return Result.Of<IDisposable>(new Place(this, key, lease));
        Leave(key);
        return error;
    }

    private Error TooMany(string whose, int max)
    {
        Interlocked.Increment(ref refused);
        return TooManyError(whose, max);
    }

    private static Error TooManyError(string whose, int max) => new(
        ErrorKind.TooMany, "TOO_MANY_STREAMS",
        $"This {whose} has {max} watches, feeds and followed logs open on this server, which is the most.",
        "End one, or let several readers share one.") { Retryable = true };

    private void Leave((TenantId, string) key)
    {
        while (byToken.TryGetValue(key, out var count))
        {
            if (count == 1 ? byToken.TryRemove(new(key, 1)) : byToken.TryUpdate(key, count - 1, count)) return;
        }
    }

    private sealed class Place(OpenStreams owner, (TenantId, string) key, ShareLease lease) : IDisposable
    {
        private int left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 1) return;
            lease.Dispose();
            owner.Leave(key);
        }
    }

    private sealed class Uncounted : IDisposable
    {
        public static readonly Uncounted Instance = new();

        public void Dispose()
        {
        }
    }
}
