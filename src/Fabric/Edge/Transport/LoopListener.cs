using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Strata.Edge.Transport;

/// <summary>A port whose connections are dealt out to the event loops in turn.</summary>
internal sealed class LoopListener : IConnectionListener
{
    private static readonly BlockPool Memory = new();
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static long counter;

    private readonly Socket socket;
    private readonly EventLoops loops;

    /// <exception cref="AddressInUseException">Another socket listens there.</exception>
    public LoopListener(EndPoint endPoint, int backlog, EventLoops loops)
    {
        this.loops = loops;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
            socket.Listen(backlog);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket?.Dispose();
            throw new AddressInUseException(e.Message, e);
        }
        EndPoint = socket.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                if (TryTake(accepted) is { } connection) return connection;
                accepted.Dispose();
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                // The client had gone before it was accepted: nothing to do with the next one.
            }
            catch (SocketException)
            {
                // Out of file descriptors, for example: retrying at once does not help.
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>Null: the client has gone already, or cannot be served.</summary>
    private LoopConnection? TryTake(Socket accepted)
    {
        try
        {
            accepted.NoDelay = true;
            var onLoop = new LoopSocket(accepted, loops.Next());
            return new LoopConnection($"edge:{Interlocked.Increment(ref counter):x}", onLoop, Memory);
        }
        catch (Exception e) when (e is Win32Exception or ObjectDisposedException)
        {
            return null; // also when the kernel has no room to watch it: rethrown, it would end the accept loop
        }
    }
}
