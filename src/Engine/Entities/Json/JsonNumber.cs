using System.Globalization;
using System.Text;

namespace Strata.Entities.Json;

/// <summary>
/// A JSON number taken apart without rounding: its value is ±0.d₁d₂d₃… × 10^<see cref="Exponent"/>, with neither leading nor trailing zeros
/// among the digits, so that equal numbers have equal parts however they were written. Zero has no digits and no sign.
/// </summary>
internal readonly ref struct JsonNumber
{
    private readonly ReadOnlySpan<byte> whole;
    private readonly ReadOnlySpan<byte> fraction;

    public JsonNumber(ReadOnlySpan<byte> text)
    {
        var isNegative = text[0] == '-';
        if (isNegative) text = text[1..];
        var e = text.IndexOfAny((byte)'e', (byte)'E');
        var mantissa = e < 0 ? text : text[..e];
        var point = mantissa.IndexOf((byte)'.');
        whole = (point < 0 ? mantissa : mantissa[..point]).TrimStart((byte)'0');
        fraction = point < 0 ? default : mantissa[(point + 1)..].TrimEnd((byte)'0');
        var scale = e < 0 ? 0 : ExponentOf(text[(e + 1)..]);
        Exponent = scale + whole.Length;
        if (whole.IsEmpty)
        {
            var stripped = fraction.TrimStart((byte)'0');
            Exponent -= fraction.Length - stripped.Length;
            fraction = stripped;
        }
        if (fraction.IsEmpty) whole = whole.TrimEnd((byte)'0');
        Length = whole.Length + fraction.Length;
        Sign = Length == 0 ? 0 : isNegative ? -1 : 1;
        if (Length == 0) Exponent = 0;
    }

    public int Sign { get; }

    public long Exponent { get; }

    /// <summary>How many digits.</summary>
    public int Length { get; }

    /// <summary>Digits behind the point when it is written without an exponent; zero or below for a whole number.</summary>
    public long Scale => Length - Exponent;

    private byte this[int i] => i < whole.Length ? whole[i] : fraction[i - whole.Length];

    /// <summary>Compares two JSON numbers by value at any precision.</summary>
    public static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var x = new JsonNumber(a);
        var y = new JsonNumber(b);
        return x.Sign != y.Sign ? x.Sign.CompareTo(y.Sign) : x.Sign * CompareMagnitude(x, y);
    }

    /// <summary>The digits of a whole number, without exponent.</summary>
    public string WholeText()
    {
        var text = new StringBuilder(Sign < 0 ? "-" : "");
        for (var i = 0; i < Length; i++) text.Append((char)this[i]);
        return Length == 0 ? "0" : text.Append('0', (int)-Scale).ToString();
    }

    /// <summary>One text per value: digits, <c>e</c> and the power of ten of the last digit, for example <c>15e-1</c> for 1.50.</summary>
    public static string Canonical(ReadOnlySpan<byte> text)
    {
        var number = new JsonNumber(text);
        if (number.Sign == 0) return "0";
        var canonical = new StringBuilder(number.Length + 8);
        if (number.Sign < 0) canonical.Append('-');
        for (var i = 0; i < number.Length; i++) canonical.Append((char)number[i]);
        var power = number.Exponent - number.Length;
        return power == 0 ? canonical.ToString() : canonical.Append('e').Append(CultureInfo.InvariantCulture, $"{power}").ToString();
    }

    private static int CompareMagnitude(JsonNumber x, JsonNumber y)
    {
        if (x.Exponent != y.Exponent) return x.Exponent.CompareTo(y.Exponent);
        var common = Math.Min(x.Length, y.Length);
        for (var i = 0; i < common; i++)
        {
            if (x[i] != y[i]) return x[i].CompareTo(y[i]);
        }
        return x.Length.CompareTo(y.Length);
    }

    // Saturates: a longer exponent than JsonGuard admits can only reach this in a constant that never passed it.
    private static long ExponentOf(ReadOnlySpan<byte> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            ? Math.Clamp(exponent, int.MinValue, int.MaxValue)
            : text[0] == '-' ? int.MinValue : int.MaxValue;
}
