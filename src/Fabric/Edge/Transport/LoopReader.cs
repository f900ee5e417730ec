using System.Buffers;
using System.ComponentModel;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Strata.Edge.Transport;

/// <summary>
/// What a client sends, received when Kestrel asks for it and straight into the buffer that Kestrel reads: there is no copy, and a client
/// whose bytes are not read is held back by the kernel. Holds no buffer while it waits with nothing unread.
/// </summary>
internal sealed class LoopReader(LoopConnection connection, LoopSocket socket) : PipeReader
{
    private const int BytesMin = 4 * 1024, BytesMax = 64 * 1024;

    private readonly LoopSocket socket = socket;
    private byte[] buffer = [];
    private int start;
    private int examined;
    private int end;
    private int nextBytes = BytesMin;
    private bool isEnded;
    private int isCanceled;
    private CancellationToken cancellation;
    private Reading? reading;

    public override bool TryRead(out ReadResult result)
    {
        var canceled = Volatile.Read(ref isCanceled) != 0 && Interlocked.Exchange(ref isCanceled, 0) != 0;
        var any = canceled || end > examined || isEnded || Receive();
        result = any ? new ReadResult(new ReadOnlySequence<byte>(buffer, start, end - start), canceled, isEnded) : default;
        return any;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.CanBeCanceled ? ReadCancellableAsync(cancellationToken) : (reading ??= new Reading(this)).RunAsync();

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (consumed.GetObject() is null) return;
        (start, this.examined) = (consumed.GetInteger(), examined.GetInteger());
        if (start == end) start = this.examined = end = 0;
    }

    public override void CancelPendingRead()
    {
        Interlocked.Exchange(ref isCanceled, 1);
        socket.WakeUsers();
    }

    public override void Complete(Exception? exception = null) => Release();

    private async ValueTask<ReadResult> ReadCancellableAsync(CancellationToken cancellationToken)
    {
        cancellation = cancellationToken;
        try
        {
            await using var registered = cancellationToken.UnsafeRegister(s => ((LoopSocket)s!).WakeUsers(), socket);
            return await ReadAsync(CancellationToken.None);
        }
        finally
        {
            cancellation = CancellationToken.None;
        }
    }

    /// <summary>Before a wait.</summary>
    private void Rest()
    {
        cancellation.ThrowIfCancellationRequested();
        if (end == 0) Release();
        try
        {
            socket.Begin(); // only at the first wait, so that the first bytes too are handled on the loop and not on the accepting thread
        }
        catch (Exception e) when (e is ObjectDisposedException or Win32Exception)
        {
            throw connection.Broke(e);
        }
    }

    private bool Receive()
    {
        if (!socket.IsReadable) return false;
        if (end == buffer.Length || (end == 0 && buffer.Length < nextBytes)) MakeRoom();
        try
        {
            var room = buffer.Length - end;
            var count = socket.Receive(buffer.AsSpan(end));
            if (count < 0) return false;
            nextBytes = count == room ? Math.Min(buffer.Length * 2, BytesMax) : BytesMin;
            end += count;
            isEnded = count == 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw connection.Broke(e);
        }
        if (isEnded) connection.Ended();
        return true;
    }

    /// <summary>Kestrel bounds what it leaves unread by its own limits for heads.</summary>
    private void MakeRoom()
    {
        if (start > 0 && start >= buffer.Length / 2)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(nextBytes, (end - start) * 2));
            buffer.AsSpan(start, end - start).CopyTo(larger);
            if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        (end, examined, start) = (end - start, examined - start, 0);
    }

    private void Release()
    {
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        start = examined = end = 0;
    }

    private sealed class Reading(LoopReader reader) : LoopOperation<ReadResult>(reader.socket.Reads)
    {
        private readonly LoopReader reader = reader;

        protected override bool TryFinish(out ReadResult result)
        {
            if (reader.TryRead(out result)) return true;
            reader.Rest();
            return false;
        }
    }
}
