using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Transport;

/// <summary>
/// A TCP socket on an event loop. It is received from only after a signal, and a receive that did not fill its buffer is not repeated: an
/// ordinary request costs one receive and one send.
/// <para>One user receives and one sends at a time, on any thread; after a wait they continue on the loop's thread. <see cref="Dispose"/>
/// and <see cref="WakeUsers"/> may be called at any time by any thread: those who wait then find the socket closed.</para>
/// </summary>
internal sealed class LoopSocket : IUpstreamSocket
{
    /// <summary>What may be received in one turn of the loop before the others on it get theirs.</summary>
    private const int BytesPerTurnMax = 512 * 1024;

    private readonly Socket socket;
    private readonly EventLoop loop;
    private readonly Readiness reads;
    private readonly Readiness writes;
    private readonly Receiving receiving;
    private readonly WaitingToSend waitingToSend;
    private volatile bool isHungUp;
    private int isBegun;
    private int isClosed;
    private int turn;
    private int turnBytes;

    /// <param name="socket">Non-blocking from now on, and owned.</param>
    public LoopSocket(Socket socket, EventLoop loop)
    {
        this.socket = socket;
        this.loop = loop;
        reads = new Readiness(this, raised: 0);
        writes = new Readiness(this, raised: 1);
        receiving = new Receiving(this);
        waitingToSend = new WaitingToSend(writes);
        socket.Blocking = false;
    }

    /// <summary>The loop's name for it.</summary>
    public long Key { get; set; }
    public Socket Socket => socket;
    public bool IsClosed => Volatile.Read(ref isClosed) != 0;

    /// <summary>Whether the present thread is its loop's.</summary>
    public bool IsOnItsLoop => EventLoop.Current == loop;

    /// <summary>
    /// Called on the loop when the other end has closed its direction, or the connection has broken; true: broken. Set before
    /// <see cref="Begin"/>.
    /// </summary>
    public Action<bool>? HungUp { get; set; }

    /// <summary>Whether a receive could bring something, an error included.</summary>
    public bool IsReadable => reads.IsSet;

    /// <summary>For operations on what is received.</summary>
    public Readiness Reads => reads;

    public ValueTask<bool> WhenWritable()
    {
        Begin();
        return waitingToSend.RunAsync();
    }

    /// <summary>Wakes the waiters to check again.</summary>
    public void WakeUsers() => loop.Wake(this);

    /// <summary>
    /// From now on the loop watches it; required before a wait. A connecting socket must have started to connect: before that the kernel
    /// reports it as hung up.
    /// </summary>
    public void Begin()
    {
        if (Interlocked.Exchange(ref isBegun, 1) == 0) loop.Watch(this, socket.SafeHandle);
    }

    /// <returns>Bytes received; 0 at the end; -1 when there are none yet.</returns>
    /// <exception cref="SocketException">The connection has broken.</exception>
    /// <exception cref="ObjectDisposedException">It was closed from this side.</exception>
    public int Receive(Span<byte> into)
    {
        var signal = reads.Raised;
        if (!reads.IsSet) return -1;
        if (HasHadItsShare()) return Drained(reads, signal);
        while (true)
        {
            var count = (int)Libc.Receive(socket.SafeHandle, ref MemoryMarshal.GetReference(into), into.Length, 0);
            if (count >= 0)
            {
                turnBytes += count;
                if (count > 0 && count < into.Length && !isHungUp) reads.Drained(signal);
                return count;
            }
            if (IsAgain()) return Drained(reads, signal);
        }
    }

    /// <returns>Bytes sent; -1 when the kernel takes none now.</returns>
    /// <exception cref="SocketException">The connection has broken.</exception>
    /// <exception cref="ObjectDisposedException">It was closed from this side.</exception>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        var signal = writes.Raised;
        if (!writes.IsSet) return -1;
        while (true)
        {
            var count = (int)Libc.Send(socket.SafeHandle, ref MemoryMarshal.GetReference(bytes), bytes.Length, Libc.NoSignal);
            if (count >= 0) return count;
            if (IsAgain()) return Drained(writes, signal);
        }
    }

    public ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        receiving.Into = into;
        return receiving.RunAsync();
    }

    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var count = Send(bytes.Span);
        return count >= 0 ? new(count) : SendLaterAsync(bytes);
    }

    /// <summary>Connects, and begins.</summary>
    /// <exception cref="OperationCanceledException">It took too long; the caller closes the socket.</exception>
    /// <exception cref="SocketException">The other end refused, or cannot be reached.</exception>
    public async ValueTask ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var address = endPoint.Serialize();
        var isDone = Libc.Connect(socket.SafeHandle, ref MemoryMarshal.GetReference(address.Buffer.Span), address.Size) == 0;
        if (!isDone && Marshal.GetLastPInvokeError() != Libc.InProgress) throw Failure(Marshal.GetLastPInvokeError());
        Begin();
        using var registered = cancellationToken.UnsafeRegister(s => ((LoopSocket)s!).WakeUsers(), this);
        while (true)
        {
            var signal = writes.Raised;
            if (socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite)) break;
            cancellationToken.ThrowIfCancellationRequested();
            writes.Drained(signal);
            await WhenWritable();
        }
        if ((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != 0)
            throw new SocketException((int)SocketError.ConnectionRefused);
    }

    public void Probe() => reads.Drained(reads.Raised - 1);

    public void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes; what is waiting fails.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0) return;
        socket.Dispose();
        loop.Forget(this);
        loop.Wake(this);
    }

    /// <summary>By the loop only.</summary>
    public void Happened(uint flags)
    {
        const uint broken = Events.Error | Events.HangUp;
        if ((flags & (broken | Events.PeerShut)) != 0) isHungUp = true;
        if ((flags & (broken | Events.Out)) != 0) writes.Raise();
        if ((flags & (broken | Events.PeerShut | Events.In)) != 0) reads.Raise();
        if ((flags & (broken | Events.PeerShut)) != 0 && !IsClosed) HungUp?.Invoke((flags & broken) != 0);
    }

    private async ValueTask<int> SendLaterAsync(ReadOnlyMemory<byte> bytes)
    {
        int count;
        while ((count = Send(bytes.Span)) < 0) await WhenWritable();
        return count;
    }

    /// <summary>A fast sender would keep the loop to itself otherwise.</summary>
    private bool HasHadItsShare()
    {
        if (turn != loop.Turn) (turn, turnBytes) = (loop.Turn, 0);
        if (turnBytes < BytesPerTurnMax || !IsOnItsLoop) return false;
        loop.Wake(this);
        return true;
    }

    private static int Drained(Readiness readiness, int signal)
    {
        readiness.Drained(signal);
        return -1;
    }

    /// <summary>False: the call was interrupted and is to be repeated.</summary>
    private static bool IsAgain()
    {
        var error = Marshal.GetLastSystemError();
        return error == Libc.TryAgain || (error == Libc.Interrupted ? false : throw Failure(error));
    }

    private static SocketException Failure(int error) => new((int)(error switch
    {
        Libc.BrokenPipe or Libc.ConnectionReset => SocketError.ConnectionReset,
        Libc.TimedOut => SocketError.TimedOut,
        Libc.ConnectionRefused => SocketError.ConnectionRefused,
        Libc.NetworkUnreachable => SocketError.NetworkUnreachable,
        Libc.HostUnreachable => SocketError.HostUnreachable,
        _ => SocketError.SocketError,
    }));

    private sealed class Receiving(LoopSocket socket) : LoopOperation<int>(socket.reads)
    {
        public Memory<byte> Into { get; set; }

        protected override bool TryFinish(out int result) => (result = socket.Receive(Into.Span)) >= 0;
    }

    private sealed class WaitingToSend(Readiness writes) : LoopOperation<bool>(writes)
    {
        private readonly Readiness writes = writes;

        protected override bool TryFinish(out bool result) => result = writes.IsSet;
    }
}
