using System.Buffers;
using System.Text.Json;

namespace Strata.Api.Http;

/// <summary>A JSON writer with its buffer, used by one answer after another on a thread. A buffer that grew large is not kept.</summary>
internal sealed class JsonBuffer : IDisposable
{
    private const int KeptBytesMax = 64 * 1024;

    [ThreadStatic]
    private static JsonBuffer? spare;

    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter json;

    private JsonBuffer() => json = new Utf8JsonWriter(buffer, Answer.WriterOptions);

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    /// <summary>The caller disposes it, on whatever thread it is by then.</summary>
    public static JsonBuffer Rent()
    {
        var rented = spare ?? new JsonBuffer();
        spare = null;
        return rented;
    }

    /// <returns>How many bytes it came to.</returns>
    public int Write(Action<Utf8JsonWriter> write)
    {
        write(json);
        json.Flush();
        return buffer.WrittenCount;
    }

    public void Dispose()
    {
        if (buffer.Capacity > KeptBytesMax) return;
        buffer.ResetWrittenCount();
        json.Reset();
        spare = this;
    }
}
