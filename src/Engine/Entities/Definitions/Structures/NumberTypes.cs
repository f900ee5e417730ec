using System.Buffers.Text;
using System.Globalization;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions.Structures;

/// <summary>Which type a number has and which types hold it, by its value at any precision: 1.0 is whole.</summary>
internal static class NumberTypes
{
    private const int Int128Digits = 39;
    private const int DoubleDigits = 15;
    private const int DoubleScale = 292;
    private const int FloatDigits = 6;
    private const int FloatScale = 31;
    private const int DecimalDigits = 38;
    private const int DecimalWholeDigits = 20;
    private const int DecimalScale = 18;

    public static DataType Classify(JsonNumber number)
    {
        if (number.Scale <= 0) return NarrowestWhole(number);
        return number.Length <= DoubleDigits && number.Scale <= DoubleScale ? DataType.Double
            : number.Length <= DecimalDigits && number.Exponent <= DecimalWholeDigits && number.Scale <= DecimalScale ? DataType.BigDecimal
            : DataType.UnboundDecimal;
    }

    /// <summary>Whether one of the types holds a number, given as JSON text. Does not allocate for numbers of everyday size.</summary>
    public static bool Hold(TypeSet types, ReadOnlySpan<byte> text)
    {
        if (types.Has(DataType.UnboundDecimal)) return true;
        if (Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length && HoldWhole(types, Narrowest(value)))
            return true;
        var number = new JsonNumber(text);
        return HoldDecimal(types, number) || (number.Scale <= 0 && HoldWhole(types, NarrowestWhole(number)));
    }

    private static bool HoldWhole(TypeSet types, DataType narrowest)
    {
        for (var type = narrowest; type <= DataType.UnboundInteger; type++)
        {
            if (types.Has(type)) return true;
        }
        return false;
    }

    private static bool HoldDecimal(TypeSet types, JsonNumber number) =>
        (types.Has(DataType.Double) && IsDouble(number))
        || (types.Has(DataType.BigDecimal) && number.Length <= DecimalDigits && number.Exponent <= DecimalWholeDigits)
        || (types.Has(DataType.Float) && number.Length <= FloatDigits && number.Scale <= FloatScale && number.Exponent <= FloatScale + 1);

    private static bool IsDouble(JsonNumber number) =>
        number.Length <= DoubleDigits && number.Scale <= DoubleScale && number.Exponent <= DoubleScale + 1;

    private static DataType NarrowestWhole(JsonNumber number) =>
        number.Exponent <= Int128Digits && Int128.TryParse(
            number.WholeText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Whole(value) : DataType.UnboundInteger;

    // Samples never show less than an INTEGER: BYTE and SHORT are only ever declared.
    private static DataType Whole(Int128 value) =>
        value >= int.MinValue && value <= int.MaxValue ? DataType.Integer
        : value >= long.MinValue && value <= long.MaxValue ? DataType.Long
        : DataType.BigInteger;

    private static DataType Narrowest(long value) => value switch
    {
        >= sbyte.MinValue and <= sbyte.MaxValue => DataType.Byte,
        >= short.MinValue and <= short.MaxValue => DataType.Short,
        >= int.MinValue and <= int.MaxValue => DataType.Integer,
        _ => DataType.Long,
    };
}
