using System.Text.Json;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// The types of leaves in a model: first those of text, then those of numbers, narrowest first. Spelt in the entity API by
/// <see cref="DataTypes"/>.
/// </summary>
internal enum DataType
{
    Null,
    Boolean,
    String,
    Character,
    LocalDate,
    LocalDateTime,
    LocalTime,
    ZonedDateTime,
    Year,
    YearMonth,
    Uuid,
    TimeUuid,
    ByteArray,
    Byte,
    Short,
    Integer,
    Long,
    BigInteger,
    UnboundInteger,
    Float,
    Double,
    BigDecimal,
    UnboundDecimal,
}

/// <summary>How types are written, which one a value has, and which one holds the values of two.</summary>
internal static class DataTypes
{
    private static readonly Dictionary<DataType, string> Names = new()
    {
        [DataType.Null] = "NULL",
        [DataType.Boolean] = "BOOLEAN",
        [DataType.String] = "STRING",
        [DataType.Character] = "CHARACTER",
        [DataType.LocalDate] = "LOCAL_DATE",
        [DataType.LocalDateTime] = "LOCAL_DATE_TIME",
        [DataType.LocalTime] = "LOCAL_TIME",
        [DataType.ZonedDateTime] = "ZONED_DATE_TIME",
        [DataType.Year] = "YEAR",
        [DataType.YearMonth] = "YEAR_MONTH",
        [DataType.Uuid] = "UUID_TYPE",
        [DataType.TimeUuid] = "TIME_UUID_TYPE",
        [DataType.ByteArray] = "BYTE_ARRAY",
        [DataType.Byte] = "BYTE",
        [DataType.Short] = "SHORT",
        [DataType.Integer] = "INTEGER",
        [DataType.Long] = "LONG",
        [DataType.BigInteger] = "BIG_INTEGER",
        [DataType.UnboundInteger] = "UNBOUND_INTEGER",
        [DataType.Float] = "FLOAT",
        [DataType.Double] = "DOUBLE",
        [DataType.BigDecimal] = "BIG_DECIMAL",
        [DataType.UnboundDecimal] = "UNBOUND_DECIMAL",
    };

    private static readonly Dictionary<string, DataType> ByName = Names.ToDictionary(
        pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    public static string Of(DataType type) => Names[type];

    public static bool TryFind(string name, out DataType type) => ByName.TryGetValue(name, out type);

    public static bool IsNumber(this DataType type) => type >= DataType.Byte;

    public static bool IsWhole(this DataType type) => type is >= DataType.Byte and <= DataType.UnboundInteger;

    public static bool IsText(this DataType type) => type is >= DataType.String and <= DataType.ByteArray;

    /// <summary>Of a scalar. Text is STRING whatever it looks like: narrower types of text are only ever declared.</summary>
    public static DataType Classify(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => DataType.String,
        JsonValueKind.True or JsonValueKind.False => DataType.Boolean,
        JsonValueKind.Number => NumberTypes.Classify(new JsonNumber(JsonScalar.Read(value).Utf8)),
        _ => DataType.Null,
    };

    /// <summary>The number type that holds the values of both.</summary>
    public static DataType Wider(DataType a, DataType b)
    {
        var (narrow, wide) = a < b ? (a, b) : (b, a);
        if (narrow == wide || wide.IsWhole()) return wide;
        return (narrow, wide) switch
        {
            (DataType.Byte or DataType.Short, DataType.Float) => DataType.Float,
            (DataType.Integer, DataType.Float) => DataType.Double,
            (DataType.Byte or DataType.Short or DataType.Integer or DataType.Float, DataType.Double) => DataType.Double,
            (< DataType.BigInteger, DataType.BigDecimal) => DataType.BigDecimal,
            _ => DataType.UnboundDecimal,
        };
    }
}
