using System.Globalization;

namespace Strata.Entities.Json;

/// <summary>Times as text by RFC 3339, to the microsecond, which is what the store keeps.</summary>
public static class Rfc3339
{
    private static readonly string[] Formats = ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mm:ssK"];

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        var hasOffset = text.Length > 19 && (text[^1] is 'Z' or 'z' || text.LastIndexOfAny(['+', '-']) >= 19);
        var isTime = DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
        time = CutToMicrosecond(time);
        return isTime && hasOffset;
    }

    public static DateTimeOffset CutToMicrosecond(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
