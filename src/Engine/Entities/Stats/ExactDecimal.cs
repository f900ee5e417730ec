using System.Globalization;
using System.Numerics;
using System.Text;

namespace Strata.Entities.Stats;

/// <summary>
/// A decimal number without rounding: <see cref="Unscaled"/> × 10^−<see cref="Scale"/>. Only a quotient and a root are rounded, to
/// <see cref="DigitsMin"/> significant digits or some more than their input has. Immutable.
/// </summary>
public readonly record struct ExactDecimal(BigInteger Unscaled, int Scale)
{
    /// <summary>As many as IEEE 754 decimal128.</summary>
    public const int DigitsMin = 34;

    private const int DigitsMore = 4;

    public static readonly ExactDecimal Zero;

    /// <summary>Reads a JSON number; its exponent is bounded where it was admitted.</summary>
    public static ExactDecimal Parse(ReadOnlySpan<char> text)
    {
        var e = text.IndexOfAny('e', 'E');
        var exponent = e < 0 ? 0 : int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? text : text[..e];
        var point = mantissa.IndexOf('.');
        var digits = point < 0 ? mantissa.ToString() : string.Concat(mantissa[..point], mantissa[(point + 1)..]);
        var scale = (point < 0 ? 0 : mantissa.Length - point - 1) - exponent;
        return new ExactDecimal(BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), scale).Trimmed();
    }

    public static ExactDecimal operator +(ExactDecimal a, ExactDecimal b)
    {
        var scale = Math.Max(a.Scale, b.Scale);
        return new ExactDecimal(a.At(scale) + b.At(scale), scale);
    }

    public static ExactDecimal operator -(ExactDecimal a, ExactDecimal b) => a + new ExactDecimal(-b.Unscaled, b.Scale);

    public static ExactDecimal operator *(ExactDecimal a, ExactDecimal b) => new(a.Unscaled * b.Unscaled, a.Scale + b.Scale);

    /// <summary>Exact where it ends within the digits, else rounded half up.</summary>
    public ExactDecimal DivideBy(BigInteger divisor)
    {
        if (Unscaled.IsZero) return Zero;
        var more = Math.Max(DigitsMin, Digits(Unscaled) + DigitsMore) - Digits(Unscaled) + Digits(divisor);
        return new ExactDecimal(RoundedQuotient(Unscaled * BigInteger.Pow(10, more), divisor), Scale + more).Trimmed();
    }

    /// <summary>Of zero or above.</summary>
    public ExactDecimal SquareRoot()
    {
        if (Unscaled.Sign <= 0) return Zero;
        var more = 2 * DigitsMin;
        if (((Scale + more) & 1) != 0) more++;
        return new ExactDecimal(Root(Unscaled * BigInteger.Pow(10, more)), (Scale + more) / 2).RoundedTo(DigitsMin).Trimmed();
    }

    public int CompareTo(ExactDecimal other)
    {
        var scale = Math.Max(Scale, other.Scale);
        return At(scale).CompareTo(other.At(scale));
    }

    /// <summary>Plain digits, without exponent and without zeros at the end: a JSON number.</summary>
    public override string ToString()
    {
        var trimmed = Trimmed();
        var digits = BigInteger.Abs(trimmed.Unscaled).ToString(CultureInfo.InvariantCulture);
        var text = new StringBuilder(trimmed.Unscaled.Sign < 0 ? "-" : "");
        if (trimmed.Scale <= 0) return text.Append(digits).Append('0', trimmed.Unscaled.IsZero ? 0 : -trimmed.Scale).ToString();
        digits = digits.PadLeft(trimmed.Scale + 1, '0');
        return text.Append(digits, 0, digits.Length - trimmed.Scale).Append('.')
            .Append(digits, digits.Length - trimmed.Scale, trimmed.Scale).ToString();
    }

    private BigInteger At(int scale) => Unscaled * BigInteger.Pow(10, scale - Scale);

    private ExactDecimal Trimmed()
    {
        if (Unscaled.IsZero) return Zero;
        var (value, scale) = (Unscaled, Scale);
        while (true)
        {
            var (quotient, rest) = BigInteger.DivRem(value, 10);
            if (!rest.IsZero) return new ExactDecimal(value, scale);
            (value, scale) = (quotient, scale - 1);
        }
    }

    private ExactDecimal RoundedTo(int digits)
    {
        var surplus = Digits(Unscaled) - digits;
        return surplus <= 0 ? this : new ExactDecimal(RoundedQuotient(Unscaled, BigInteger.Pow(10, surplus)), Scale - surplus);
    }

    private static BigInteger RoundedQuotient(BigInteger dividend, BigInteger divisor)
    {
        var (quotient, rest) = BigInteger.DivRem(dividend, divisor);
        return BigInteger.Abs(rest) * 2 < divisor ? quotient : quotient + dividend.Sign;
    }

    private static int Digits(BigInteger value) => BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture).Length;

    /// <summary>The whole part of the root, by Newton's method from above.</summary>
    private static BigInteger Root(BigInteger value)
    {
        var root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + value / root) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }
}
