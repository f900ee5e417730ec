using System.Globalization;

namespace Strata.Entities.Json;

/// <summary>Times as text by RFC 3339, to the microsecond, which is what the store keeps.</summary>
public static class Rfc3339
{
    private static readonly string[] Formats = ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mm:ssK"];

    private static readonly string[] CoarseFormats =
        ["yyyy", "yyyy-MM", "yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.FFFFFFF"];

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        var hasOffset = text.Length > 19 && (text[^1] is 'Z' or 'z' || text.LastIndexOfAny(['+', '-']) >= 19);
        var isTime = DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
        time = CutToMicrosecond(time);
        return isTime && hasOffset;
    }

    /// <summary>Also a year, a month, a day or a time without its offset: the first moment of it in UTC.</summary>
    public static bool TryParseCoarse(string text, out DateTimeOffset time)
    {
        if (TryParse(text, out time)) return true;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        var isTime = DateTimeOffset.TryParseExact(text, CoarseFormats, CultureInfo.InvariantCulture, Utc, out time);
        time = CutToMicrosecond(time);
        return isTime;
    }

    public static DateTimeOffset CutToMicrosecond(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
