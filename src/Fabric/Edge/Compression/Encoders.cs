using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Strata.Edge.Compression;

/// <summary>
/// Zstandard (RFC 8878), at a level and with a window that keep a compressor below a megabyte. Compressors are kept for the next answer:
/// to make one costs more than to compress a small one.
/// </summary>
internal sealed class ZstdEncoder : BodyEncoder
{
    private const int Level = 3;
    private const int WindowLog = 17;
    private const int KeptMax = 32;

    private static readonly ConcurrentBag<Compressor> Kept = [];

    private readonly Compressor compressor;
    private bool isEnded;

    public ZstdEncoder(IBufferWriter<byte> output, long? length) : base(output)
    {
        if (!Kept.TryTake(out compressor!))
        {
            compressor = new Compressor(Level);
            compressor.SetParameter(ZSTD_cParameter.ZSTD_c_windowLog, WindowLog);
        }
        if (length is > 0 and var known) compressor.SetPledgedSrcSize((ulong)known);
    }

    public override void Dispose()
    {
        // One that was cut off is in the middle of a frame.
        if (isEnded && Kept.Count < KeptMax)
        {
            compressor.ResetStream();
            Kept.Add(compressor);
        }
        else compressor.Dispose();
        base.Dispose();
    }

    protected override void Encode(ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty)
        {
            compressor.WrapStream(input, Output.GetSpan(PieceBytes), out var consumed, out var written, isFinalBlock: false);
            Output.Advance(written);
            input = input[consumed..];
        }
    }

    protected override void FlushEncoder() => Drain(isLast: false);

    protected override void End()
    {
        Drain(isLast: true);
        isEnded = true;
    }

    private void Drain(bool isLast)
    {
        OperationStatus status;
        do
        {
            status = compressor.FlushStream(Output.GetSpan(PieceBytes), out var written, isLast);
            Output.Advance(written);
        }
        while (status == OperationStatus.DestinationTooSmall);
    }
}

/// <summary>Brotli (RFC 7932), as costly as the others.</summary>
internal sealed class BrotliBodyEncoder(IBufferWriter<byte> output) : BodyEncoder(output)
{
    private const int Quality = 4;
    private const int WindowLog = 18;

    private BrotliEncoder encoder = new(Quality, WindowLog);

    public override void Dispose()
    {
        encoder.Dispose();
        base.Dispose();
    }

    protected override void Encode(ReadOnlySpan<byte> input) => Compress(input, isLast: false);

    protected override void FlushEncoder()
    {
        OperationStatus status;
        do
        {
            status = encoder.Flush(Output.GetSpan(PieceBytes), out var written);
            Output.Advance(written);
        }
        while (status == OperationStatus.DestinationTooSmall);
    }

    protected override void End() => Compress([], isLast: true);

    private void Compress(ReadOnlySpan<byte> input, bool isLast)
    {
        OperationStatus status;
        do
        {
            status = encoder.Compress(input, Output.GetSpan(PieceBytes), out var consumed, out var written, isLast);
            Output.Advance(written);
            input = input[consumed..];
        }
        while (status == OperationStatus.DestinationTooSmall);
    }
}

/// <summary>gzip (RFC 1952), for old clients.</summary>
internal sealed class GzipEncoder : BodyEncoder
{
    private const int Level = 4;

    /// <summary>A header, a last block with nothing in it, checksum and length.</summary>
    private static ReadOnlySpan<byte> Empty => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly WriterStream writer;
    private readonly GZipStream stream;
    private bool isEmpty = true;

    public GzipEncoder(IBufferWriter<byte> output) : base(output)
    {
        writer = new WriterStream(output);
        stream = new GZipStream(writer, new ZLibCompressionOptions { CompressionLevel = Level });
    }

    public override void Dispose()
    {
        writer.IsClosed = true; // the stream would write the end of a body that was cut off
        stream.Dispose();
        base.Dispose();
    }

    protected override void Encode(ReadOnlySpan<byte> input)
    {
        isEmpty = false;
        stream.Write(input);
    }

    protected override void FlushEncoder() => stream.Flush();

    protected override void End()
    {
        stream.Dispose();
        if (isEmpty) writer.Write(Empty); // the stream writes nothing then, which is no gzip
    }

    private sealed class WriterStream(IBufferWriter<byte> output) : Stream
    {
        public bool IsClosed { get; set; }

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
            // What was written is in the writer.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty && !IsClosed)
            {
                var target = output.GetSpan(PieceBytes);
                var count = Math.Min(target.Length, buffer.Length);
                buffer[..count].CopyTo(target);
                output.Advance(count);
                buffer = buffer[count..];
            }
        }
    }
}
