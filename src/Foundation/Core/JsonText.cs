using System.Text;
using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// A JSON value as UTF-8 text, well formed and within limits (see <see cref="JsonGuard"/>), kept as text so that numbers keep their
/// precision and nothing is parsed before someone needs to look inside.
/// </summary>
public readonly struct JsonText(ReadOnlyMemory<byte> utf8) : IEquatable<JsonText>
{
    public static readonly JsonText EmptyObject = new("{}"u8.ToArray());

    public ReadOnlyMemory<byte> Utf8 { get; } = utf8;

    public bool IsEmpty => Utf8.IsEmpty;

    public static JsonText FromString(string json) => new(Encoding.UTF8.GetBytes(json));

    public static JsonText From<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type));

    public static JsonText From(JsonElement element) => new(Encoding.UTF8.GetBytes(element.GetRawText()));

    public T To<T>(System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(Utf8.Span, type) ?? throw new JsonException("The JSON value is null.");

    /// <summary>Parses into a document that the caller disposes.</summary>
    public JsonDocument Parse() => JsonDocument.Parse(Utf8, new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax });

    /// <summary>Equal text, byte for byte; not equal meaning.</summary>
    public bool Equals(JsonText other) => Utf8.Span.SequenceEqual(other.Utf8.Span);

    public override bool Equals(object? obj) => obj is JsonText other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    public static bool operator ==(JsonText a, JsonText b) => a.Equals(b);
    public static bool operator !=(JsonText a, JsonText b) => !a.Equals(b);

    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}
