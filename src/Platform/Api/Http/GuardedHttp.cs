using System.Net;
using System.Net.Sockets;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Calls to addresses that users give. A host is looked up once for each connection, which is made to an address that was checked, so that
/// a name cannot change its meaning in between; redirects are not followed, no proxy is asked, and no more than the head of an answer is
/// read by itself.
/// </summary>
public static class GuardedHttp
{
    private const int HeadKilobytesMax = 16;

    /// <param name="allowPrivate">Also to this machine and private networks: only where all who may give addresses may reach what the
    /// server can reach.</param>
    /// <param name="refused">What a host that is not of the public internet is refused with; an <see cref="IOException"/> for the caller's
    /// message.</param>
    public static HttpClient Create(bool allowPrivate, TimeSpan connectTimeout, Func<string, IOException> refused) =>
        Create(allowPrivate, connectTimeout, refused, Dns.GetHostAddressesAsync, ConnectAsync);

    internal static HttpClient Create(bool allowPrivate, TimeSpan connectTimeout, Func<string, IOException> refused, Resolve resolve,
        Connect connect) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var target = context.DnsEndPoint;
            var addresses = await resolve(target.Host, cancellationToken);
            return allowPrivate || Array.TrueForAll(addresses, PublicAddress.Is)
                ? await connect(addresses, target.Port, cancellationToken) : throw refused(target.Host);
        },
        ConnectTimeout = connectTimeout,
        MaxResponseHeadersLength = HeadKilobytesMax,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2), // or a name that moved would not be noticed
    }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Finds the addresses of a host.</summary>
    internal delegate Task<IPAddress[]> Resolve(string host, CancellationToken cancellationToken);

    /// <summary>Connects to the first of the addresses that answers.</summary>
    internal delegate ValueTask<Stream> Connect(IPAddress[] addresses, int port, CancellationToken cancellationToken);

    private static async ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
