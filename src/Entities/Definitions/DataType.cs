using System.Globalization;
using System.Text.Json;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions;

/// <summary>The types of leaves in a model, narrowest number first. Spelt in the entity API by <see cref="DataTypes"/>.</summary>
internal enum DataType
{
    Null,
    Boolean,
    String,
    Integer,
    Long,
    BigInteger,
    UnboundInteger,
    Double,
    BigDecimal,
    UnboundDecimal,
}

/// <summary>Which type a value has, and which type holds the values of two, by the entity API's rules.</summary>
internal static class DataTypes
{
    private const int Int128Digits = 39;

    private static readonly Dictionary<DataType, string> Names = new()
    {
        [DataType.Null] = "NULL",
        [DataType.Boolean] = "BOOLEAN",
        [DataType.String] = "STRING",
        [DataType.Integer] = "INTEGER",
        [DataType.Long] = "LONG",
        [DataType.BigInteger] = "BIG_INTEGER",
        [DataType.UnboundInteger] = "UNBOUND_INTEGER",
        [DataType.Double] = "DOUBLE",
        [DataType.BigDecimal] = "BIG_DECIMAL",
        [DataType.UnboundDecimal] = "UNBOUND_DECIMAL",
    };

    private static readonly Dictionary<string, DataType> ByName = Names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    public static string Of(DataType type) => Names[type];

    public static DataType Find(string name) => ByName[name];

    /// <summary>Of a scalar.</summary>
    public static DataType Classify(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => DataType.String,
        JsonValueKind.True or JsonValueKind.False => DataType.Boolean,
        JsonValueKind.Number => ClassifyNumber(JsonScalar.Read(value).Utf8),
        _ => DataType.Null,
    };

    /// <summary>
    /// Adds a type to those that a leaf may have: numbers widen to one type that holds both, other types stand side by side, null adds nothing.
    /// </summary>
    public static void Widen(SortedSet<DataType> types, DataType type)
    {
        if (IsNumber(type) && types.FirstOrDefault(IsNumber) is var held && IsNumber(held))
        {
            types.Remove(held);
            type = Wider(held, type);
        }
        types.Add(type);
        if (types.Count > 1) types.Remove(DataType.Null);
    }

    private static bool IsNumber(DataType type) => type >= DataType.Integer;

    private static DataType ClassifyNumber(ReadOnlySpan<byte> text)
    {
        var number = new JsonNumber(text);
        if (number.Scale > 0) return ClassifyDecimal(number);
        return number.Exponent <= Int128Digits && Int128.TryParse(number.WholeText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Narrowest(value) : DataType.UnboundInteger;
    }

    private static DataType Narrowest(Int128 value) =>
        value >= int.MinValue && value <= int.MaxValue ? DataType.Integer
        : value >= long.MinValue && value <= long.MaxValue ? DataType.Long
        : DataType.BigInteger;

    private static DataType ClassifyDecimal(JsonNumber number) =>
        number.Length <= 15 && number.Scale <= 292 ? DataType.Double
        : number.Length <= 38 && number.Exponent <= 20 && number.Scale <= 18 ? DataType.BigDecimal
        : DataType.UnboundDecimal;

    private static DataType Wider(DataType a, DataType b)
    {
        var (narrow, wide) = a < b ? (a, b) : (b, a);
        if (narrow == wide || wide <= DataType.UnboundInteger) return wide;
        return (narrow, wide) switch
        {
            (DataType.Integer, DataType.Double) => DataType.Double,
            (DataType.Integer or DataType.Long, DataType.BigDecimal) => DataType.BigDecimal,
            _ => DataType.UnboundDecimal,
        };
    }
}
