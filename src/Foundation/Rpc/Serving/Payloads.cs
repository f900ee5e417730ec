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

    [ThreadStatic]
    private static WrittenPayload? spare;

    private ArrayBufferWriter<byte> buffer = new(256);

    /// <summary>One for a message that is written and taken without waiting; give it back then.</summary>
    public static WrittenPayload Take()
    {
        var taken = spare ?? new WrittenPayload();
        spare = null;
        taken.Reset();
        return taken;
    }

    public void GiveBack() => spare = this;

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
