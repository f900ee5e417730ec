using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace Strata.Rpc.Protocols;

/// <summary>A message on the wire of gRPC, gRPC-Web and Connect's streams: flags, length, bytes.</summary>
internal readonly record struct Envelope(byte Flags, ReadOnlySequence<byte> Payload)
{
    public const int HeadBytes = 5;
    public const byte Compressed = 1;
}

/// <summary>
/// Reads envelopes from a request's body, never more than one into memory and none above the limit. Not safe for concurrent use.
/// </summary>
internal sealed class EnvelopeReader(PipeReader input, RpcLimits limits)
{
    private SequencePosition? consumed;

    /// <summary>Whether the request may compress, by gzip.</summary>
    public bool MayBeCompressed { get; init; }

    /// <returns>Null when the client has sent all. The payload is good until the next call.</returns>
    public async ValueTask<Envelope?> ReadAsync(CancellationToken cancellationToken)
    {
        Release();
        Envelope? envelope;
        while (!TryTake(await input.ReadAsync(cancellationToken), out envelope)) { }
        return envelope;
    }

    /// <summary>As <see cref="ReadAsync"/>, if it has already arrived; false: the caller must wait.</summary>
    public bool TryRead(out Envelope? envelope)
    {
        Release();
        envelope = null;
        return input.TryRead(out var read) && TryTake(read, out envelope);
    }

    /// <summary>Gives the last payload back, so that what is left of the request can be read over by the server.</summary>
    public void Release()
    {
        if (consumed is { } position) input.AdvanceTo(position);
        consumed = null;
    }

    /// <summary>False: it is not whole yet.</summary>
    private bool TryTake(in ReadResult read, out Envelope? envelope)
    {
        envelope = null;
        if (TryRead(read.Buffer, out var whole))
        {
            envelope = whole;
            return true;
        }
        var isCutOff = read.IsCompleted && !read.Buffer.IsEmpty;
        input.AdvanceTo(isCutOff ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
        if (isCutOff) throw CallErrors.Of(StatusCode.Internal, "The request ends within a message.");
        return read.IsCompleted;
    }

    private bool TryRead(in ReadOnlySequence<byte> buffer, out Envelope envelope)
    {
        envelope = default;
        if (buffer.Length < Envelope.HeadBytes) return false;
        Span<byte> head = stackalloc byte[Envelope.HeadBytes];
        buffer.Slice(0, Envelope.HeadBytes).CopyTo(head);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
        if (length > limits.MessageBytesMax)
        {
            consumed = buffer.End;
            throw CallErrors.TooLarge(limits.MessageBytesMax);
        }
        if (buffer.Length < Envelope.HeadBytes + length) return false;
        var payload = buffer.Slice(Envelope.HeadBytes, length);
        consumed = payload.End;
        envelope = new Envelope(head[0], Opened(head[0], payload));
        return true;
    }

    private ReadOnlySequence<byte> Opened(byte flags, in ReadOnlySequence<byte> payload)
    {
        if ((flags & Envelope.Compressed) == 0) return payload;
        if (!MayBeCompressed) throw CallErrors.Of(StatusCode.Internal, "A message is compressed, but the request names no compression.");
        return Gzip.Decompress(payload, limits.MessageBytesMax);
    }
}

/// <summary>The one compression that is spoken.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    /// <summary>Stops at the limit, so that a small message cannot become a large one.</summary>
    public static ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> payload, int max)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(payload.ToArray()), CompressionMode.Decompress);
            var opened = new ArrayBufferWriter<byte>();
            while (gzip.Read(opened.GetSpan(4096)) is > 0 and var count)
            {
                opened.Advance(count);
                if (opened.WrittenCount > max) throw CallErrors.TooLarge(max);
            }
            return new ReadOnlySequence<byte>(opened.WrittenMemory);
        }
        catch (InvalidDataException)
        {
            throw CallErrors.Of(StatusCode.Internal, "A message is marked as gzip-compressed but is not.");
        }
    }

    public static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> payload)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(payload.Span);
        return target.GetBuffer().AsMemory(0, (int)target.Length);
    }
}

/// <summary>What is wrong with a call itself.</summary>
internal static class CallErrors
{
    public static RpcException Of(StatusCode code, string message) => new(new Status(code, message));

    public static RpcException TooLarge(int max) =>
        Of(StatusCode.ResourceExhausted, $"A message is longer than the {max} bytes that are taken.");
}
