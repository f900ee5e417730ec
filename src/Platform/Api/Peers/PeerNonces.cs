using Strata.Core;

namespace Strata.Api.Peers;

/// <summary>What <see cref="PeerNonces.TryUse"/> found.</summary>
internal enum NonceUse
{
    /// <summary>It was not used before, and now it is.</summary>
    Fresh,

    /// <summary>A replay.</summary>
    Used,

    /// <summary>There is no room to remember it, so it must not be accepted.</summary>
    Full,
}

/// <summary>
/// Which tokens of other servers were used, so that none is used twice. Two generations, each kept for at least as long as a token is
/// valid; both turn by the clock at every call, so a full memory has room again after that time. Bounds of one generation:
/// <see cref="PlatformMax"/> for the servers' own requests, which no organization takes from; <see cref="OrganizationsMax"/> for all
/// organizations, of which one takes at most half, and the last eighth is for those with fewer than <see cref="FewMax"/>. One lock, held
/// for a few lookups: a check and its entry are one step. Safe for concurrent use.
/// </summary>
internal sealed class PeerNonces(TimeProvider time, TimeSpan keptFor, int organizationsMax = PeerNonces.OrganizationsMax,
    int platformMax = PeerNonces.PlatformMax)
{
    internal const int OrganizationsMax = 500_000;
    internal const int PlatformMax = 50_000;
    internal const int FewMax = 1000;

    private readonly Lock gate = new();
    private Generation now = new();
    private Generation before = new();
    private long turnedAt = time.GetTimestamp();

    /// <param name="tenant">Whose share it takes from.</param>
    public NonceUse TryUse(TenantId tenant, Guid nonce)
    {
        lock (gate)
        {
            Turn();
            if (now.Used.Contains(nonce) || before.Used.Contains(nonce)) return NonceUse.Used;
            if (!HasRoom(tenant)) return NonceUse.Full;
            now.Add(tenant, nonce);
            return NonceUse.Fresh;
        }
    }

    private bool HasRoom(TenantId tenant)
    {
        var own = now.CountOf(tenant);
        if (tenant == TenantId.Platform) return own < platformMax;
        var others = now.Used.Count - now.CountOf(TenantId.Platform);
        if (others >= organizationsMax || own >= organizationsMax / 2) return false;
        return others < organizationsMax - organizationsMax / 8 || own < FewMax;
    }

    private void Turn()
    {
        var elapsed = time.GetElapsedTime(turnedAt);
        if (elapsed < keptFor) return;
        before = elapsed < keptFor * 2 ? now : new Generation();
        now = new Generation();
        turnedAt = time.GetTimestamp();
    }

    private sealed class Generation
    {
        private readonly Dictionary<TenantId, int> counts = [];

        public HashSet<Guid> Used { get; } = [];

        public int CountOf(TenantId tenant) => counts.GetValueOrDefault(tenant);

        public void Add(TenantId tenant, Guid nonce)
        {
            Used.Add(nonce);
            counts[tenant] = CountOf(tenant) + 1;
        }
    }
}
