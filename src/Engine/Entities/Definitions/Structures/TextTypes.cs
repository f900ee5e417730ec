using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Strata.Entities.Definitions.Structures;

/// <summary>Which narrower types of text hold a string. Times are ISO 8601.</summary>
internal static class TextTypes
{
    private const int LengthMax = 64;

    private static readonly string[] Times = ["HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFFF"];
    private static readonly string[] DateTimes = [.. Times.Select(time => "yyyy-MM-ddT" + time)];
    private static readonly string[] Zoned = [.. DateTimes.Select(time => time + "zzz"), .. DateTimes.Select(time => time + "Z")];

    /// <param name="utf8">Without escapes.</param>
    public static bool Hold(TypeSet types, ReadOnlySpan<byte> utf8)
    {
        if (types.Has(DataType.String)) return true;
        foreach (var type in types)
        {
            if (type.IsText() && Holds(type, utf8)) return true;
        }
        return false;
    }

    private static bool Holds(DataType type, ReadOnlySpan<byte> utf8)
    {
        if (type == DataType.ByteArray) return Base64.IsValid(utf8);
        return utf8.Length <= LengthMax && Holds(type, Encoding.UTF8.GetString(utf8));
    }

    private static bool Holds(DataType type, string text) => type switch
    {
        DataType.Character => text.Length == 1,
        DataType.LocalDate => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        DataType.LocalTime => TimeOnly.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        DataType.LocalDateTime => IsTime(text, DateTimes),
        DataType.ZonedDateTime => IsTime(WithoutRegion(text), Zoned),
        DataType.Year => text.Length == 4 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        DataType.YearMonth => text.Length == 7 && DateOnly.TryParseExact(
            text + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        DataType.Uuid => Guid.TryParseExact(text, "D", out _),
        DataType.TimeUuid => Guid.TryParseExact(text, "D", out var id) && id.Version == 1,
        _ => false,
    };

    private static bool IsTime(string text, string[] formats) =>
        DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    /// <summary>Java writes the region behind the offset: 2026-01-31T12:00:00+01:00[Europe/Berlin].</summary>
    private static string WithoutRegion(string text) => text.EndsWith(']') && text.IndexOf('[') is > 0 and var at ? text[..at] : text;
}
