namespace Strata.EntityApi.Messages;

/// <summary>
/// Checks the bytes of a JSON string as they come: UTF-8 without surrogates and overlong forms (RFC 3629), escapes of JSON, no NUL, no lone
/// surrogate among the escapes.
/// </summary>
internal sealed class JsonStringCheck
{
    private int following;
    private (int Low, int High) next;
    private int hexDigits;
    private int unit;
    private bool isEscaped;
    private bool needsLowSurrogate;

    public enum Outcome
    {
        Open,
        Closed,
        Faulty,
    }

    /// <summary>Behind the opening quote.</summary>
    public void Begin() => (following, hexDigits, isEscaped, needsLowSurrogate) = (0, 0, false, false);

    public Outcome Read(byte b)
    {
        if (following > 0) return Continue(b);
        if (hexDigits > 0) return ReadHex(b);
        if (isEscaped) return ReadEscape(b);
        if (b == '\\')
        {
            isEscaped = true;
            return Outcome.Open;
        }
        if (needsLowSurrogate || b < 0x20) return Outcome.Faulty;
        if (b == '"') return Outcome.Closed;
        return b < 0x80 ? Outcome.Open : Lead(b);
    }

    private Outcome Lead(byte b)
    {
        (following, next) = b switch
        {
            >= 0xC2 and <= 0xDF => (1, (0x80, 0xBF)),
            0xE0 => (2, (0xA0, 0xBF)),
            0xED => (2, (0x80, 0x9F)),
            >= 0xE1 and <= 0xEF => (2, (0x80, 0xBF)),
            0xF0 => (3, (0x90, 0xBF)),
            >= 0xF1 and <= 0xF3 => (3, (0x80, 0xBF)),
            0xF4 => (3, (0x80, 0x8F)),
            _ => (0, (0, 0)),
        };
        return following == 0 ? Outcome.Faulty : Outcome.Open;
    }

    private Outcome Continue(byte b)
    {
        if (b < next.Low || b > next.High) return Outcome.Faulty;
        (following, next) = (following - 1, (0x80, 0xBF));
        return Outcome.Open;
    }

    private Outcome ReadEscape(byte b)
    {
        isEscaped = false;
        if (b == 'u')
        {
            (hexDigits, unit) = (4, 0);
            return Outcome.Open;
        }
        return !needsLowSurrogate && "\"\\/bfnrt"u8.Contains(b) ? Outcome.Open : Outcome.Faulty;
    }

    private Outcome ReadHex(byte b)
    {
        if (!char.IsAsciiHexDigit((char)b)) return Outcome.Faulty;
        unit = (unit << 4) | (b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10);
        if (--hexDigits > 0) return Outcome.Open;
        var isLow = unit is >= 0xDC00 and <= 0xDFFF;
        if (unit == 0 || isLow != needsLowSurrogate) return Outcome.Faulty;
        needsLowSurrogate = unit is >= 0xD800 and <= 0xDBFF;
        return Outcome.Open;
    }
}
