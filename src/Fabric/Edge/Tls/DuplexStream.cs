using System.Buffers;
using System.IO.Pipelines;

namespace Strata.Edge.Tls;

/// <summary>A connection's two pipes as the one stream that TLS works on. A read of no bytes waits until there are some.</summary>
internal sealed class DuplexStream(IDuplexPipe pipes) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var read = await pipes.Input.ReadAsync(cancellationToken);
            var bytes = read.Buffer;
            var count = (int)Math.Min(bytes.Length, buffer.Length);
            var taken = bytes.Slice(0, count);
            taken.CopyTo(buffer.Span);
            // What was left is still there: the next read returns at once.
            pipes.Input.AdvanceTo(taken.End, taken.End);
            if (count > 0 || read.IsCompleted || (buffer.IsEmpty && !bytes.IsEmpty)) return count;
            if (read.IsCanceled) throw new OperationCanceledException("The read was cancelled.");
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var flushed = await pipes.Output.WriteAsync(buffer, cancellationToken);
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
