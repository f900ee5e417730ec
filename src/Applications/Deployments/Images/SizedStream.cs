namespace Strata.Deployments.Images;

/// <summary>
/// A stream whose length is known beforehand. It claims to be seekable because a tar writer requests the length only of seekable streams;
/// it is read once from its start.
/// </summary>
internal sealed class SizedStream(Stream source, long length) : Stream
{
    private long position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => position;
        set
        {
            if (value != position) throw new NotSupportedException();
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Took(source.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Took(await source.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Took(int read)
    {
        position += read;
        return read;
    }
}
