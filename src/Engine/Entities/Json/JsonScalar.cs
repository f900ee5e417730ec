using System.Runtime.InteropServices;
using System.Text.Json;

namespace Strata.Entities.Json;

/// <summary>The type of a scalar; None for what is missing, null, an object or an array, none of which compares with anything.</summary>
internal enum ScalarType
{
    None,
    String,
    Number,
    Boolean,
}

/// <summary>
/// A JSON scalar as bytes: a string's UTF-8 without escapes (byte order is code point order), a number as it was written, a boolean as one
/// byte. Lives only as long as the JSON that it was read from.
/// </summary>
internal readonly ref struct JsonScalar(ScalarType type, ReadOnlySpan<byte> utf8)
{
    public ScalarType Type { get; } = type;

    public ReadOnlySpan<byte> Utf8 { get; } = utf8;

    public static JsonScalar Read(JsonElement element) => element.ValueKind is JsonValueKind.Undefined
        ? default : Read(JsonMarshal.GetRawUtf8Value(element));

    /// <summary>Reads one JSON value.</summary>
    public static JsonScalar Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read()) return default;
        return reader.TokenType switch
        {
            JsonTokenType.String => new JsonScalar(ScalarType.String, Unescaped(ref reader)),
            JsonTokenType.Number => new JsonScalar(ScalarType.Number, reader.ValueSpan),
            JsonTokenType.True => new JsonScalar(ScalarType.Boolean, [1]),
            JsonTokenType.False => new JsonScalar(ScalarType.Boolean, [0]),
            _ => default,
        };
    }

    /// <summary>Below zero, zero or above; only for two scalars of one type.</summary>
    public int CompareTo(JsonScalar other) => Type == ScalarType.Number
        ? JsonNumber.Compare(Utf8, other.Utf8) : Utf8.SequenceCompareTo(other.Utf8);

    private static ReadOnlySpan<byte> Unescaped(scoped ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        var plain = new byte[reader.ValueSpan.Length];
        return plain.AsSpan(0, reader.CopyString(plain));
    }
}
