using System.Buffers;
using Grpc.Core;

namespace Strata.Rpc.Serving;

/// <summary>Received bytes, for a marshaller.</summary>
internal sealed class ReceivedPayload(ReadOnlySequence<byte> bytes) : DeserializationContext
{
    public override int PayloadLength => (int)bytes.Length;

    public override byte[] PayloadAsNewBuffer() => bytes.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => bytes;
}

/// <summary>Takes what a marshaller writes. Used again for the next message.</summary>
internal sealed class WrittenPayload : SerializationContext
{
    private const int KeptBytesMax = 64 * 1024;

    private ArrayBufferWriter<byte> buffer = new(256);

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    public void Reset()
    {
        if (buffer.Capacity > KeptBytesMax) buffer = new ArrayBufferWriter<byte>(256);
        else buffer.ResetWrittenCount();
    }

    public override void Complete(byte[] payload) => buffer.Write(payload);

    public override IBufferWriter<byte> GetBufferWriter() => buffer;

    public override void SetPayloadLength(int payloadLength)
    {
        if (payloadLength > 0) buffer.GetSpan(payloadLength);
    }

    public override void Complete()
    {
    }
}
