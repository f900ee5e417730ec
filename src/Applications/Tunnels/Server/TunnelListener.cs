using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Strata.Contracts;

namespace Strata.Tunnels.Server;

/// <summary>
/// Takes the edge's connections to one tunnel and keeps each until the developer's machine fetches it. One that is not fetched in time, or
/// is one too many, is closed. Safe for concurrent use.
/// </summary>
internal sealed class TunnelListener : IDisposable
{
    private const int IdBytes = 16;

    private readonly TunnelOptions options;
    private readonly TimeProvider time;
    private readonly TcpListener listener;
    private readonly ConcurrentDictionary<string, Socket> waiting = new(StringComparer.Ordinal);
    private int open;

    public TunnelListener(TunnelOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        listener = Listen(options);
    }

    /// <summary>From a random port of the range on, because other servers on this machine look for one too.</summary>
    private static TcpListener Listen(TunnelOptions options)
    {
        var (first, last) = (TunnelRange.Default.FirstPort, TunnelRange.Default.LastPort);
        var start = Random.Shared.Next(last - first + 1);
        for (var i = 0; ; i++)
        {
            var listener = new TcpListener(options.Address, first + ((start + i) % (last - first + 1)));
            try
            {
                listener.Start(options.ConnectionsMax);
                return listener;
            }
            catch (SocketException e)
            {
                listener.Dispose();
                if (i == last - first || e.SocketErrorCode is not (SocketError.AddressAlreadyInUse or SocketError.AccessDenied)) throw;
            }
        }
    }

    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>Until cancelled: announces each connection by an id that cannot be guessed.</summary>
    public async Task RunAsync(Func<string, Task> announce, CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = await listener.AcceptSocketAsync(cancellationToken);
            if (Interlocked.Increment(ref open) > options.ConnectionsMax)
            {
                Close(socket);
                continue;
            }
            socket.NoDelay = true;
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
            waiting[id] = socket;
            _ = ExpireAsync(id, cancellationToken);
            await announce(id);
        }
    }

    /// <summary>Takes a waiting connection; null if none has this id. The caller calls <see cref="Closed"/> at its end.</summary>
    public Socket? Take(string id) => waiting.TryRemove(id, out var socket) ? socket : null;

    public void Closed() => Interlocked.Decrement(ref open);

    public void Dispose()
    {
        listener.Dispose();
        foreach (var id in waiting.Keys) CloseWaiting(id);
    }

    private async Task ExpireAsync(string id, CancellationToken cancellationToken)
    {
        await Task.Delay(options.FetchTimeout, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        CloseWaiting(id);
    }

    private void CloseWaiting(string id)
    {
        if (Take(id) is { } socket) Close(socket);
    }

    private void Close(Socket socket)
    {
        socket.Close(0); // a reset: the edge sees at once that nothing will come
        Closed();
    }
}
