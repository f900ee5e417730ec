using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Tunnels.Server;

/// <summary>The tunnels that are connected to this server, by id. Bounded, and shared fairly by organizations. Safe for concurrent use.</summary>
internal sealed class TunnelSessions(TunnelOptions options) : IShareReport
{
    private readonly ConcurrentDictionary<string, TunnelListener> listeners = new(StringComparer.Ordinal);

    private readonly FairShare share = new("tunnels", new ShareSize(options.TunnelsMax));

    public IEnumerable<ShareUse> Shares => [share.Use];

    /// <summary>A place for one more, to be disposed when its connection ends.</summary>
    public Result<ShareLease> TryEnter(TenantId tenant) => share.TryTake(tenant);

    /// <summary>In place of one that the same machine had before.</summary>
    public void Add(string tunnel, TunnelListener listener) => listeners[tunnel] = listener;

    /// <summary>Does nothing where another one has taken its place.</summary>
    public void Remove(string tunnel, TunnelListener listener) => listeners.TryRemove(new(tunnel, listener));

    public bool TryGet(string tunnel, [NotNullWhen(true)] out TunnelListener? listener) => listeners.TryGetValue(tunnel, out listener);
}
