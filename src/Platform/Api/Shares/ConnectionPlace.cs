using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Api.Shares;

/// <summary>
/// What one connection counts for: its address until its first good token, then the organization of that token, until the connection ends.
/// It is put among the connection's items before its first request; from then on the items are only read, because streams of HTTP/2 share
/// them and they are not thread-safe. Safe for concurrent use.
/// </summary>
/// <param name="leaveAddress">Ends the count for the address; null where the address is not counted.</param>
internal sealed class ConnectionPlace(Action? leaveAddress) : IDisposable
{
    private static readonly object Key = new();
    private static readonly object Claiming = new();
    private static readonly object Ended = new();

    private Action? leaveAddress = leaveAddress;

    /// <summary>
    /// Null: no organization yet; <see cref="Claiming"/>; the organization's <see cref="ShareLease"/>; or <see cref="Ended"/>.
    /// </summary>
    private object? claim;

    public static ConnectionPlace? Of(IDictionary<object, object?> items) => items.TryGetValue(Key, out var place)
        ? (ConnectionPlace?)place : null;

    public void AddTo(IDictionary<object, object?> items) => items[Key] = this;

    /// <summary>A good token came through the connection: it no longer counts for its address.</summary>
    public void Identified() => Interlocked.Exchange(ref leaveAddress, null)?.Invoke();

    /// <summary>
    /// Counts the connection for the organization, unless it counts for one already; of several streams one takes the place.
    /// </summary>
    /// <returns>Why the connection is refused; null where it counts.</returns>
    public Error? Claim(FairShare connections, TenantId tenant)
    {
        var spin = new SpinWait();
        object? found;
        // another stream is about to know
        while ((found = Interlocked.CompareExchange(ref claim, Claiming, null)) == Claiming) spin.SpinOnce();
        return found is null ? Take(connections, tenant) : null;
    }

    /// <summary>The connection has ended.</summary>
    public void Dispose()
    {
        Identified();
        if (Interlocked.Exchange(ref claim, Ended) is ShareLease lease) lease.Dispose();
    }

    private Error? Take(FairShare connections, TenantId tenant)
    {
        if (!connections.TryTake(tenant).TryGet(out var lease, out var error))
        {
            Interlocked.CompareExchange(ref claim, null, Claiming);
            return error;
        }
        if (Interlocked.CompareExchange(ref claim, lease, Claiming) == Claiming) Identified();
        else lease.Dispose();
        return null;
    }
}
