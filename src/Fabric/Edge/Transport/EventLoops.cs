using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Transport;

/// <summary>The loops of one edge, one for each processor, and connections to instances that live on them. Thread-safe.</summary>
internal sealed class EventLoops : IDialer, IDisposable
{
    private const int LoopsMax = 16;

    private readonly EventLoop[] loops;
    private int turn;

    /// <exception cref="PlatformNotSupportedException">Not on Linux.</exception>
    public EventLoops(ILogger logger)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The inline mode of the edge needs Linux; leave edge-mode at its default.");
        loops = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 1, LoopsMax)).Select(i => new EventLoop(i, logger))];
    }

    public int Shards => loops.Length;
    public int Shard => EventLoop.Current is { } here ? here.Index : 0;

    /// <summary>One after the other.</summary>
    public EventLoop Next() => loops[(uint)Interlocked.Increment(ref turn) % loops.Length];

    public async ValueTask<IUpstreamSocket> ConnectAsync(IPEndPoint endPoint, int shard, CancellationToken cancellationToken)
    {
        var socket = new LoopSocket(
            new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, loops[shard]);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return socket;
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var loop in loops) loop.Dispose();
    }
}
