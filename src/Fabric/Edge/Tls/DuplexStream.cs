using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Strata.Edge.Tls;

/// <summary>A connection's two pipes as the one stream that TLS works on. A read of no bytes waits until there are some.</summary>
internal sealed class DuplexStream(IDuplexPipe pipes) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        pipes.Input.TryRead(out var read) && TryTake(read, buffer, out var count) ? new(count) : ReadLaterAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var writing = pipes.Output.WriteAsync(buffer, cancellationToken);
        if (!writing.IsCompletedSuccessfully) return WriteLaterAsync(writing);
        Check(writing.GetAwaiter().GetResult()); // it is there: nothing blocks
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadLaterAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(await pipes.Input.ReadAsync(cancellationToken), buffer, out var count)) return count;
        }
    }

    /// <summary>False: nothing has come, so there is nothing to return yet.</summary>
    private bool TryTake(in ReadResult read, Memory<byte> buffer, out int count)
    {
        var bytes = read.Buffer;
        count = (int)Math.Min(bytes.Length, buffer.Length);
        var taken = bytes.Slice(0, count);
        taken.CopyTo(buffer.Span);
        // What was left is still there: the next read returns at once.
        pipes.Input.AdvanceTo(taken.End, taken.End);
        if (count > 0 || read.IsCompleted || (buffer.IsEmpty && !bytes.IsEmpty)) return true;
        return read.IsCanceled ? throw new OperationCanceledException("The read was cancelled.") : false;
    }

    private static async ValueTask WriteLaterAsync(ValueTask<FlushResult> writing) => Check(await writing);

    private static void Check(in FlushResult flushed)
    {
        if (flushed.IsCompleted) throw new IOException("The client's connection has ended.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Each write is sent at once.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
