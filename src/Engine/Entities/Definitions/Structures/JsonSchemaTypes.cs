namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// How leaf types are written in JSON Schema: by <c>type</c> and <c>format</c>, and by <see cref="Extension"/> where these are ambiguous.
/// </summary>
internal static class JsonSchemaTypes
{
    public const string Extension = "x-dataType";

    private static readonly (DataType Of, string Type, string? Format)[] Table =
    [
        (DataType.Null, "null", null),
        (DataType.Boolean, "boolean", null),
        (DataType.String, "string", null),
        (DataType.LocalDate, "string", "date"),
        (DataType.ZonedDateTime, "string", "date-time"),
        (DataType.Uuid, "string", "uuid"),
        (DataType.ByteArray, "string", "byte"),
        (DataType.UnboundInteger, "integer", null),
        (DataType.Integer, "integer", "int32"),
        (DataType.Long, "integer", "int64"),
        (DataType.UnboundDecimal, "number", null),
        (DataType.Float, "number", "float"),
        (DataType.Double, "number", "double"),
    ];

    public static (string Type, string? Format, string? Extension) Of(DataType type)
    {
        var plain = Array.Find(Table, row => row.Of == type);
        if (plain.Type is not null) return (plain.Type, plain.Format, null);
        return (type.IsWhole() ? "integer" : type.IsNumber() ? "number" : "string", null, DataTypes.Of(type));
    }

    /// <summary>An unknown format is ignored; null for a type that is not a leaf's.</summary>
    public static DataType? Find(string type, string? format)
    {
        var rows = Array.FindAll(Table, row => row.Type == type);
        return rows.Length == 0 ? null : Array.Find(rows, row => row.Format == format) is { Type: not null } row ? row.Of : rows[0].Of;
    }
}
