using System.Net;
using System.Net.Sockets;

namespace Strata.Edge.Upstreams;

/// <summary>
/// A connected socket, as much of it as speaking to an instance needs. Closed by its disposal, by any thread: what is pending fails.
/// </summary>
internal interface IUpstreamSocket : IDisposable
{
    /// <summary>0: the instance sends no more.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> into);

    /// <summary>May send only a part.</summary>
    ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes);

    void ShutdownSend();

    /// <summary>Makes the next receive ask the kernel, so that an end which has not been signalled yet is found.</summary>
    void Probe();
}

/// <summary>
/// Makes connections to instances, in shards: those of one shard are best used by the threads that see themselves in it. Thread-safe.
/// </summary>
internal interface IDialer
{
    int Shards { get; }

    /// <summary>Where the present thread belongs.</summary>
    int Shard { get; }

    /// <exception cref="SocketException">The instance cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    ValueTask<IUpstreamSocket> ConnectAsync(IPEndPoint endPoint, int shard, CancellationToken cancellationToken);
}

/// <summary>The runtime's sockets; continuations run on the thread pool.</summary>
internal sealed class SocketDialer : IDialer
{
    public int Shards => 1;
    public int Shard => 0;

    public async ValueTask<IUpstreamSocket> ConnectAsync(IPEndPoint endPoint, int shard, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new PlainSocket(socket);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class PlainSocket(Socket socket) : IUpstreamSocket
    {
        public ValueTask<int> ReceiveAsync(Memory<byte> into) => socket.ReceiveAsync(into, SocketFlags.None);

        public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => socket.SendAsync(bytes, SocketFlags.None);

        public void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

        public void Probe()
        {
            // Each receive asks the kernel.
        }

        public void Dispose() => socket.Dispose();
    }
}
