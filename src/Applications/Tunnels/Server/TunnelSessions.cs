using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Tunnels.Server;

/// <summary>
/// The tunnels that are connected to this server, by id. Bounded, and shared fairly by organizations. Safe for concurrent use.
/// </summary>
internal sealed class TunnelSessions(TunnelOptions options) : IShareReport
{
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    private readonly FairShare share = new("tunnels", new ShareSize(options.TunnelsMax));

    public IEnumerable<ShareUse> Shares => [share.Use];

    /// <summary>A place for one more, to be disposed when its connection ends.</summary>
    public Result<ShareLease> TryEnter(TenantId tenant) => share.TryTake(tenant);

    /// <summary>In place of one that the same machine had before; does nothing where a later one is there already.</summary>
    /// <param name="epoch">Of the session's term of the lease: a later session has a higher one, in whatever order the two come
    /// here.</param>
    public void Add(string tunnel, TunnelListener listener, long epoch)
    {
        var entry = new Entry(listener, epoch);
        entries.AddOrUpdate(tunnel, entry, (_, present) => present.Epoch > epoch ? present : entry);
    }

    /// <summary>Does nothing where another one has taken its place.</summary>
    public void Remove(string tunnel, TunnelListener listener)
    {
        if (entries.TryGetValue(tunnel, out var present) && present.Listener == listener) entries.TryRemove(new(tunnel, present));
    }

    public bool TryGet(string tunnel, [NotNullWhen(true)] out TunnelListener? listener)
    {
        listener = entries.GetValueOrDefault(tunnel)?.Listener;
        return listener is not null;
    }

    private sealed record Entry(TunnelListener Listener, long Epoch);
}
