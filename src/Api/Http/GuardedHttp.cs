using System.Net;
using System.Net.Sockets;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Calls to addresses that users give. A host is looked up and the connection made to an address that was checked, so that a name cannot change its meaning in between; redirects are not
/// followed, no proxy is asked, and no more than the head of an answer is read by itself.
/// </summary>
public static class GuardedHttp
{
    private const int HeadKilobytesMax = 16;

    /// <param name="allowPrivate">Also to this machine and private networks: only where all who may give addresses may reach what the server can reach.</param>
    /// <param name="refused">What a host that is not of the public internet is refused with; an <see cref="IOException"/> for the caller's message.</param>
    public static HttpClient Create(bool allowPrivate, TimeSpan connectTimeout, Func<string, IOException> refused) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, allowPrivate, refused, cancellationToken),
        ConnectTimeout = connectTimeout,
        MaxResponseHeadersLength = HeadKilobytesMax,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2), // or a name that moved would not be noticed
    }) { Timeout = Timeout.InfiniteTimeSpan };

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool allowPrivate, Func<string, IOException> refused, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        if (!allowPrivate && !Array.TrueForAll(addresses, PublicAddress.Is)) throw refused(target.Host);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
