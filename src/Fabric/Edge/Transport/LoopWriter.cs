using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Strata.Edge.Transport;

/// <summary>
/// What goes to a client: gathered in one buffer, and sent by the flush, on the thread that flushes. A flush ends when the kernel has taken
/// everything, so a slow client holds back its writer. Holds no buffer between flushes.
/// </summary>
internal sealed class LoopWriter(LoopConnection connection, LoopSocket socket) : PipeWriter
{
    private const int BytesMin = 4 * 1024, BytesMax = 64 * 1024;

    private byte[] buffer = [];
    private int start;
    private int end;
    private int firstBytes = BytesMin;
    private bool isBroken;
    private int isCanceled;
    private Task<FlushResult>? sending;

    public override bool CanGetUnflushedBytes => true;
    public override long UnflushedBytes => end - start;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return buffer.AsMemory(end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return buffer.AsSpan(end);
    }

    public override void Advance(int bytes) => end += bytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (sending is { IsCompleted: false }) return new(sending);
        return TrySend() ? new(new FlushResult(isCanceled: false, isBroken)) : new(sending = SendLaterAsync(cancellationToken));
    }

    public override void CancelPendingFlush()
    {
        Interlocked.Exchange(ref isCanceled, 1);
        socket.WakeUsers();
    }

    /// <summary>What was written and not flushed is sent when the connection is disposed of.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (exception is not null) isBroken = true;
    }

    public void Release()
    {
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        start = end = 0;
    }

    private async Task<FlushResult> SendLaterAsync(CancellationToken cancellationToken)
    {
        using var registered = cancellationToken.UnsafeRegister(s => ((LoopSocket)s!).WakeUsers(), socket);
        while (!TrySend())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Interlocked.Exchange(ref isCanceled, 0) != 0) return new FlushResult(isCanceled: true, isCompleted: false);
            await socket.WhenWritable();
        }
        return new FlushResult(isCanceled: false, isBroken);
    }

    /// <summary>False: the kernel accepts no more now. True: everything is sent, or can no longer be.</summary>
    private bool TrySend()
    {
        try
        {
            while (start < end && !isBroken)
            {
                var count = socket.Send(buffer.AsSpan(start, end - start));
                if (count < 0) return false;
                start += count;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            isBroken = true;
            connection.Broke(e);
        }
        firstBytes = Math.Clamp(end, BytesMin, BytesMax);
        Release();
        return true;
    }

    private void MakeRoom(int bytes)
    {
        if (buffer.Length - end >= bytes) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(firstBytes, Math.Max(buffer.Length * 2, end + bytes)));
        buffer.AsSpan(0, end).CopyTo(larger);
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
