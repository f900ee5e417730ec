using System.Buffers;

namespace Strata.Edge.Compression;

/// <summary>
/// Encodes a body on its way into another writer. What was written can be decoded by the other end after <see cref="Flush"/>, so that a
/// body that comes slowly is passed on as it comes; <see cref="Finish"/> ends it. For one writer at a time.
/// </summary>
internal abstract class BodyEncoder(IBufferWriter<byte> output) : IBufferWriter<byte>, IDisposable
{
    private const int BlockBytes = 16 * 1024;

    /// <summary>What an encoder is given to write into at least.</summary>
    protected const int PieceBytes = 1024;

    private byte[] block = ArrayPool<byte>.Shared.Rent(BlockBytes);
    private int filled;
    private bool isFlushed = true;

    protected IBufferWriter<byte> Output => output;

    /// <exception cref="ArgumentException">The coding is none.</exception>
    /// <param name="length">Of the whole body; null: unknown.</param>
    public static BodyEncoder Create(ContentCoding coding, IBufferWriter<byte> output, long? length) => coding switch
    {
        ContentCoding.Zstd => new ZstdEncoder(output, length),
        ContentCoding.Brotli => new BrotliBodyEncoder(output),
        ContentCoding.Gzip => new GzipEncoder(output),
        _ => throw new ArgumentException("It is not encoded.", nameof(coding)),
    };

    public void Advance(int count) => filled += count;

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeHint, BlockBytes);
        if (block.Length - filled < Math.Max(1, sizeHint)) EncodeFilled();
        return block.AsMemory(filled);
    }

    public void Flush()
    {
        EncodeFilled();
        if (!isFlushed) FlushEncoder();
        isFlushed = true;
    }

    public void Finish()
    {
        EncodeFilled();
        End();
    }

    public virtual void Dispose()
    {
        var rented = Interlocked.Exchange(ref block, []);
        if (rented.Length > 0) ArrayPool<byte>.Shared.Return(rented);
    }

    protected abstract void Encode(ReadOnlySpan<byte> input);

    protected abstract void FlushEncoder();

    protected abstract void End();

    private void EncodeFilled()
    {
        if (filled == 0) return;
        Encode(block.AsSpan(0, filled));
        (filled, isFlushed) = (0, false);
    }
}
