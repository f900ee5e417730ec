using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Strata.Edge.Forwarding;

/// <summary>
/// The bytes of the request as the instance gets it, rewritten into a pooled buffer. Holds no buffer between requests.
/// </summary>
internal sealed class RequestHead
{
    private const int FirstBytes = 2 * 1024;

    private byte[] buffer = [];
    private int length;

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, length);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        length += bytes.Length;
    }

    /// <summary>Text of one byte a character.</summary>
    public void Write(ReadOnlySpan<char> text) => length += Encoding.Latin1.GetBytes(text, Room(text.Length));

    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, Room(20), out var written);
        length += written;
    }

    public void WriteHeader(string name, ReadOnlySpan<char> value)
    {
        Write(name);
        Write(": "u8);
        Write(value);
        Write("\r\n"u8);
    }

    public void Write(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes) Write(segment.Span);
    }

    /// <summary>Starts over in the same buffer.</summary>
    public void Clear() => length = 0;

    /// <summary>Gives the buffer back.</summary>
    public void Release()
    {
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        length = 0;
    }

    private Span<byte> Room(int count)
    {
        if (buffer.Length - length < count) Grow(count);
        return buffer.AsSpan(length);
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, Math.Max(buffer.Length * 2, length + count)));
        buffer.AsSpan(0, length).CopyTo(larger);
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
