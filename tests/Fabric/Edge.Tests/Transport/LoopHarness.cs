using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Edge.Transport;

namespace Strata.Edge.Tests.Transport;

/// <summary>Event loops, a port, and a connection with both of its ends in the test's hands.</summary>
internal sealed class LoopHarness : IAsyncDisposable
{
    private readonly EventLoops loops = new(NullLogger.Instance);
    private readonly LoopListener listener;

    public LoopHarness() => listener = new LoopListener(new IPEndPoint(IPAddress.Loopback, 0), 64, loops);

    public EventLoops Loops => loops;
    public IPEndPoint EndPoint => (IPEndPoint)listener.EndPoint;

    public async Task<(Socket Client, ConnectionContext Server)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var accepting = listener.AcceptAsync().AsTask();
        await client.ConnectAsync(EndPoint);
        return (client, (await accepting)!);
    }

    /// <summary>Reads and takes everything until the count is reached or the end has come.</summary>
    public static async Task<byte[]> ReadAsync(PipeReader reader, int count = int.MaxValue)
    {
        var all = new List<byte>();
        while (all.Count < count)
        {
            var read = await reader.ReadAsync();
            all.AddRange(read.Buffer.ToArray());
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        return [.. all];
    }

    /// <summary>Receives until the count is reached, or the other end closes.</summary>
    public static async Task<byte[]> ReceiveAsync(Socket socket, int count = int.MaxValue)
    {
        var all = new List<byte>();
        var block = new byte[64 * 1024];
        while (all.Count < count && await socket.ReceiveAsync(block) is > 0 and var received) all.AddRange(block.AsSpan(0, received));
        return [.. all];
    }

    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        loops.Dispose();
    }
}
