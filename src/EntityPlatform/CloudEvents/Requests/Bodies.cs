using System.Buffers;
using System.Text.Json;
using Strata.CloudEvents.Events;
using Strata.Core;

namespace Strata.CloudEvents.Requests;

/// <summary>Bodies of API requests out of parts of events.</summary>
internal static class Bodies
{
    /// <summary>The JSON unchanged.</summary>
    public static ReadOnlyMemory<byte> Raw(JsonElement json) => System.Text.Encoding.UTF8.GetBytes(json.GetRawText());

    /// <summary>A document in the event's own data format: JSON unchanged, XML as a string; and its media type.</summary>
    public static (ReadOnlyMemory<byte> Bytes, string MediaType, string Format) Document(RequestCall call, JsonElement data)
    {
        var format = (call.Optional("dataFormat") ?? "JSON").ToUpperInvariant();
        if (format != "XML") return (Raw(data), "application/json", format);
        return data.ValueKind == JsonValueKind.String ? (System.Text.Encoding.UTF8.GetBytes(data.GetString()!), "application/xml", format)
            : throw EventReader.Faulty("Data in XML must be a text.").ToException();
    }

    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = WireJson.Options.Encoder, MaxDepth = JsonGuard.DepthMax + 8 })) write(json);
        return buffer.WrittenMemory;
    }

    /// <summary>Copies a member where it is there.</summary>
    public static void Copy(Utf8JsonWriter json, JsonElement from, string name, string? to = null)
    {
        if (!from.TryGetProperty(name, out var value)) return;
        json.WritePropertyName(to ?? name);
        value.WriteTo(json);
    }
}
