namespace Strata.Client;

/// <summary>
/// Reads a stream of pieces, lines or events, of which none may be longer than a bound: their readers keep the whole piece in memory. The
/// reader says where one ends.
/// </summary>
internal sealed class PieceStream(Stream inner, int bytesMax) : Stream
{
    private int bytes;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>A piece has been read; what was read ahead of the next one does not count.</summary>
    public void NextPiece() => bytes = 0;

    /// <exception cref="HttpRequestException">The piece is too long.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await inner.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private int Counted(int read)
    {
        bytes += read;
        return bytes <= bytesMax
            ? read : throw new HttpRequestException(HttpRequestError.ConfigurationLimitExceeded, "A piece is too long.");
    }
}
