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

    /// <summary>Checks a whole document; the error says where and what.</summary>
    /// <param name="subject">What it is, as the error's first words.</param>
    public static Result<JsonText> Check(ReadOnlyMemory<byte> utf8, string subject = "The body")
    {
        try
        {
            return CheckTokens(utf8.Span) is { } fault ? Fault($"{subject} {fault}") : new JsonText(utf8);
        }
        catch (JsonException e)
        {
            return Fault($"{subject} is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).");
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            return Fault($"{subject} holds text that is not valid UTF-8 or has a lone surrogate.");
        }
    }

    private static Error Fault(string message) =>
        new(ErrorKind.Invalid, "INVALID_JSON", message, "Send one well-formed JSON value in UTF-8.");

    /// <returns>What is wrong, to follow the subject; null: nothing.</returns>
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
                        return $"has the name \"{reader.GetString()!.Shortened(40)}\" twice in one object.";
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
            ? null : "holds text that is not valid UTF-8.";
        var text = reader.GetString()!; // throws InvalidOperationException on a lone surrogate
        return text.Contains('\0') ? "holds the character NUL, which cannot be stored." : null;
    }

    private static string? CheckNumber(ReadOnlySpan<byte> number)
    {
        if (number.Length > NumberLengthMax) return $"holds a number of more than {NumberLengthMax} characters.";
        var e = number.IndexOfAny((byte)'e', (byte)'E');
        if (e < 0) return null;
        if (!System.Buffers.Text.Utf8Parser.TryParse(number[(e + 1)..], out int exponent, out _) || Math.Abs((long)exponent) > ExponentMax)
            return $"holds a number with an exponent beyond {ExponentMax}.";
        return e + Math.Abs(exponent) + "0.".Length > NumberLengthMax
            ? $"holds a number of more than {NumberLengthMax} characters without exponent." : null;
    }
}
