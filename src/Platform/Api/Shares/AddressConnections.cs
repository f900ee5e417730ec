using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Strata.Core.Sharing;

namespace Strata.Api.Shares;

/// <summary>
/// Connections without an authenticated request yet, by source address: one address, or one /64 network of IPv6, holds a bounded number of
/// them; a further one is closed at once. With its first good token a connection counts for its organization instead. Loopback is exempt:
/// it is the cloud's own parts, and proxies that bring everybody's connections. Holds a counter for each address that has connections. Safe
/// for concurrent use.
/// </summary>
public sealed class AddressConnections(ApiLimits limits) : IShareReport
{
    private readonly ConcurrentDictionary<IPAddress, int> counts = new();
    private long refused;

    /// <summary>Connections that were closed because their address had too many.</summary>
    public long Refused => Interlocked.Read(ref refused);

    public IEnumerable<ShareUse> Shares => [new("connections without a token", counts.Values.Sum(), limits.ConnectionsMax, Refused)];

    public ConnectionDelegate Use(ConnectionDelegate next) => async connection =>
    {
        var source = SourceOf(connection.RemoteEndPoint);
        if (source is not null && counts.AddOrUpdate(source, 1, static (_, count) => count + 1) > limits.AddressConnectionsMax)
        {
            Leave(source);
            Interlocked.Increment(ref refused);
            return;
        }
        using var place = new ConnectionPlace(source is null ? null : () => Leave(source));
        place.AddTo(connection.Items);
        await next(connection);
    };

    private static IPAddress? SourceOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address }) return null;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return null;
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private void Leave(IPAddress source)
    {
        while (counts.TryGetValue(source, out var count))
        {
            if (count == 1 ? counts.TryRemove(new(source, 1)) : counts.TryUpdate(source, count - 1, count)) return;
        }
    }
}
