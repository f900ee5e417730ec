using System.Text;
using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// Admits JSON that every store can keep and every reader reads alike (RFC 7493, "I-JSON", with numbers at any precision): valid UTF-8, one
/// value, no duplicate names, no NUL, no lone surrogates, at most <see cref="DepthMax"/> deep. PostgreSQL refuses NUL and lone surrogates
/// in jsonb, and one bad row would fail a whole group of commits, so this is checked before a document enters the engine.
/// </summary>
public static class JsonGuard
{
    public const int DepthMax = 100;

    /// <summary>
    /// Characters of a number when it is written without an exponent, because a store may give it back so and then it must pass again.
    /// PostgreSQL's numeric reaches much further.
    /// </summary>
    public const int NumberLengthMax = 1500;

    public const int ExponentMax = 1000;

    /// <summary>Checks a whole body; the error says where and what.</summary>
    public static Result<JsonText> Check(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return CheckTokens(utf8.Span) is { } fault ? Fault(fault) : new JsonText(utf8);
        }
        catch (JsonException e)
        {
            return Fault($"The body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).");
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            return Fault("The body holds text that is not valid UTF-8 or has a lone surrogate.");
        }
    }

    private static Error Fault(string message) =>
        new(ErrorKind.Invalid, "INVALID_JSON", message, "Send one well-formed JSON value in UTF-8.");

    private static string? CheckTokens(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DepthMax });
        var names = new UniqueNames(utf8);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    names.BeginObject();
                    break;
                case JsonTokenType.EndObject:
                    names.EndObject();
                    break;
                case JsonTokenType.PropertyName:
                    if (CheckString(ref reader) is { } nameFault) return nameFault;
                    var start = (int)reader.TokenStartIndex + 1;
                    if (!names.TryAdd(start, reader.ValueSpan.Length, reader.ValueIsEscaped ? reader.GetString() : null))
                        return $"The name \"{reader.GetString()!.Shortened(40)}\" occurs twice in one object.";
                    break;
                case JsonTokenType.String:
                    if (CheckString(ref reader) is { } stringFault) return stringFault;
                    break;
                case JsonTokenType.Number:
                    if (CheckNumber(reader.ValueSpan) is { } numberFault) return numberFault;
                    break;
            }
        }
        return null;
    }

    private static string? CheckString(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return System.Text.Unicode.Utf8.IsValid(reader.ValueSpan)
            ? null : "The body holds text that is not valid UTF-8.";
        var text = reader.GetString()!; // throws InvalidOperationException on a lone surrogate
        return text.Contains('\0') ? "The body holds the character NUL, which cannot be stored." : null;
    }

    private static string? CheckNumber(ReadOnlySpan<byte> number)
    {
        if (number.Length > NumberLengthMax) return $"The body holds a number of more than {NumberLengthMax} characters.";
        var e = number.IndexOfAny((byte)'e', (byte)'E');
        if (e < 0) return null;
        if (!System.Buffers.Text.Utf8Parser.TryParse(number[(e + 1)..], out int exponent, out _) || Math.Abs((long)exponent) > ExponentMax)
            return $"The body holds a number with an exponent beyond {ExponentMax}.";
        return e + Math.Abs(exponent) + "0.".Length > NumberLengthMax
            ? $"The body holds a number of more than {NumberLengthMax} characters without exponent." : null;
    }
}
