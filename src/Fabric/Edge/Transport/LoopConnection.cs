using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Strata.Edge.Transport;

/// <summary>
/// A client's connection on an event loop, as Kestrel wants it. It behaves as Kestrel's own do: when the client stops sending, or
/// disconnects, <see cref="ConnectionClosed"/> fires, on the thread pool; an abort resets the connection, an ordinary end sends what is
/// left and closes.
/// </summary>
internal sealed class LoopConnection : DefaultConnectionContext, IMemoryPoolFeature, IDuplexPipe
{
    /// <summary>What an end may read over: with bytes unread the kernel would answer with a reset, which can overtake the answer.</summary>
    private const int DrainBytes = 16 * 1024, DrainsMax = 16;

    private readonly LoopSocket socket;
    private readonly LoopReader reader;
    private readonly LoopWriter writer;
    private readonly CancellationTokenSource closed = new();
    private readonly TaskCompletionSource closedFired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConnectionAbortedException? abortReason;
    private int isClosing;

    public LoopConnection(string id, LoopSocket socket, MemoryPool<byte> memory)
        : base(id)
    {
        this.socket = socket;
        MemoryPool = memory;
        reader = new LoopReader(this, socket);
        writer = new LoopWriter(this, socket);
        Transport = this;
        ConnectionClosed = closed.Token;
        LocalEndPoint = socket.Socket.LocalEndPoint;
        RemoteEndPoint = socket.Socket.RemoteEndPoint;
        Features.Set<IMemoryPoolFeature>(this);
        socket.HungUp = OnHungUp;
    }

    public MemoryPool<byte> MemoryPool { get; }
    public PipeReader Input => reader;
    public PipeWriter Output => writer;

    /// <summary>The client sends no more.</summary>
    public void Ended() => FireClosed();

    /// <summary>The connection failed in a call.</summary>
    /// <returns>The exception that Kestrel gets.</returns>
    public Exception Broke(Exception e)
    {
        FireClosed();
        if (abortReason is { } reason) return reason;
        return e is SocketException { SocketErrorCode: SocketError.ConnectionReset }
            ? new ConnectionResetException(e.Message, e) : new ConnectionAbortedException(e.Message, e);
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Interlocked.CompareExchange(ref this.abortReason, abortReason, null);
        if (socket.IsClosed) return;
        try
        {
            socket.Socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
        socket.Dispose();
        FireClosed();
    }

    public override async ValueTask DisposeAsync()
    {
        await writer.FlushAsync();
        CloseGently();
        FireClosed();
        await closedFired.Task;
        reader.Complete();
        writer.Release();
        closed.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>
    /// Bytes that came before the client's end are Kestrel's to read first, if there are any; then it finds the end itself.
    /// </summary>
    private void OnHungUp(bool broken)
    {
        try
        {
            if (broken || socket.Socket.Available == 0) FireClosed();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            FireClosed();
        }
    }

    private void CloseGently()
    {
        if (socket.IsClosed) return;
        try
        {
            socket.Socket.Shutdown(SocketShutdown.Send);
            var block = ArrayPool<byte>.Shared.Rent(DrainBytes);
            for (var i = 0; i < DrainsMax && socket.Receive(block) > 0; i++)
            {
            }
            ArrayPool<byte>.Shared.Return(block);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client is gone: nothing to be gentle with.
        }
        socket.Dispose();
    }

    private void FireClosed()
    {
        if (Interlocked.Exchange(ref isClosing, 1) != 0) return;
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
    }

    private void TellClosed()
    {
        try
        {
            closed.Cancel();
        }
        catch (AggregateException)
        {
            // A listener's own failure, as Kestrel's connections have it too: it must not end the process.
        }
        closedFired.TrySetResult();
    }
}
