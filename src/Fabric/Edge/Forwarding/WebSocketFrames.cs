namespace Strata.Edge.Forwarding;

/// <summary>
/// Follows the frames (RFC 6455 §5.2) of one direction of a WebSocket without keeping them, to know whether a close frame may be put in
/// here.
/// </summary>
internal struct WebSocketFrames
{
    private const int CloseOpcode = 8;

    private ulong payloadLeft;
    private ulong length;
    private int headerBytes;
    private int lengthBytes;
    private int headerLength;

    /// <summary>No frame is incomplete.</summary>
    public readonly bool IsAtBoundary => payloadLeft == 0 && headerBytes == 0;

    /// <summary>The sender has begun a close frame: nothing may follow it.</summary>
    public bool HasClosed { get; private set; }

    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (payloadLeft == 0)
            {
                ReadHeader(bytes[0]);
                bytes = bytes[1..];
                continue;
            }
            var count = (int)Math.Min(payloadLeft, (ulong)bytes.Length);
            payloadLeft -= (ulong)count;
            bytes = bytes[count..];
        }
    }

    private void ReadHeader(byte b)
    {
        headerBytes++;
        if (headerBytes == 1) HasClosed |= (b & 0x0f) == CloseOpcode;
        else if (headerBytes == 2) ReadLength(b);
        else if (headerBytes <= 2 + lengthBytes) length = (length << 8) | b;
        if (headerBytes < 2 || headerBytes < headerLength) return;
        payloadLeft = length;
        headerBytes = 0;
    }

    private void ReadLength(byte b)
    {
        var maskBytes = (b & 0x80) != 0 ? 4 : 0;
        var size = b & 0x7f;
        lengthBytes = size switch { 126 => 2, 127 => 8, _ => 0 };
        length = lengthBytes == 0 ? (ulong)size : 0;
        headerLength = 2 + lengthBytes + maskBytes;
    }
}
