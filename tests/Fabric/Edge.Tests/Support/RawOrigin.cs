using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Strata.Edge.Tests.Support;

/// <summary>An instance that does on each connection just what a test says. It counts connections and keeps what it was sent.</summary>
internal sealed class RawOrigin : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<Task> connections = [];
    private readonly Task accepting;
    private int count;
    private int closed;

    public RawOrigin(Func<RawConnection, Task> serve)
    {
        listener.Start();
        accepting = AcceptAsync(serve);
    }

    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>Connections that the instance has closed.</summary>
    public int Closed => Volatile.Read(ref closed);
    public int Connections => Volatile.Read(ref count);

    /// <summary>Everything that arrived, on all connections.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Answers every request on every connection with the same bytes; request bodies are not expected.</summary>
    public static RawOrigin Answering(string answer) => new(async c =>
    {
        while (await c.ReadHeadAsync() is not null) await c.SendAsync(answer);
    });

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await Task.WhenAll([accepting, .. connections]).WaitAsync(TimeSpan.FromSeconds(60));
        stop.Dispose();
    }

    private async Task AcceptAsync(Func<RawConnection, Task> serve)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(stop.Token);
                var number = Interlocked.Increment(ref count);
                connections.Add(Task.Run(() => ServeAsync(new RawConnection(socket, number, this, stop.Token), serve)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(RawConnection connection, Func<RawConnection, Task> serve)
    {
        using (connection.Socket)
        {
            try
            {
                await serve(connection);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
            }
        }
        Interlocked.Increment(ref closed);
    }
}

/// <summary>One connection to a <see cref="RawOrigin"/>.</summary>
internal sealed class RawConnection(Socket socket, int number, RawOrigin origin, CancellationToken stopping)
{
    private string unread = "";

    public Socket Socket => socket;

    /// <summary>Counted from 1 over the origin's life.</summary>
    public int Number => number;
    public CancellationToken Stopping => stopping;

    /// <summary>The head of the next request; null when the edge has closed.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        int end;
        while ((end = unread.IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (await ReadSomeAsync() is not { } more) return null;
            unread += more;
        }
        var head = unread[..(end + 4)];
        unread = unread[(end + 4)..];
        origin.Requests.Enqueue(head);
        return head;
    }

    public async Task<string?> ReadSomeAsync()
    {
        var block = new byte[64 * 1024];
        var count = await socket.ReceiveAsync(block, stopping);
        return count == 0 ? null : Encoding.Latin1.GetString(block, 0, count);
    }

    /// <summary>That many characters of a body.</summary>
    public async Task<string> ReadBodyAsync(int length)
    {
        while (unread.Length < length) unread += await ReadSomeAsync() ?? throw new IOException("closed");
        var body = unread[..length];
        unread = unread[length..];
        return body;
    }

    public async Task SendAsync(string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text), stopping);

    /// <summary>Ends when the edge closes; whatever still comes is dropped.</summary>
    public async Task WaitForCloseAsync()
    {
        try
        {
            while (await ReadSomeAsync() is not null)
            {
            }
        }
        catch (SocketException)
        {
        }
    }
}
