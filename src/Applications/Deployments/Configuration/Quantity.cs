using System.Globalization;

namespace Strata.Deployments.Configuration;

/// <summary>Sizes and times as people write them.</summary>
internal static class Quantity
{
    /// <summary>Bytes: a whole number with an optional K, M or G (also KB, Ki, KiB …), always powers of 1,024.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        var unit = text.TrimStart("0123456789".ToCharArray());
        var shift = unit.ToUpperInvariant() switch { "" or "B" => 0, "K" or "KB" or "KI" or "KIB" => 10, "M" or "MB" or "MI" or "MIB" => 20,
            "G" or "GB" or "GI" or "GIB" => 30, _ => -1 };
        return long.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && shift >= 0
            && bytes <= long.MaxValue >> shift && Shift(ref bytes, shift);
    }

    /// <summary>Whole seconds: a whole number with an optional s, m or h.</summary>
    public static bool TrySeconds(string text, out int seconds)
    {
        var unit = text.TrimStart("0123456789".ToCharArray());
        var factor = unit switch { "" or "s" => 1, "m" => 60, "h" => 3600, _ => 0 };
        var parsed = int.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out seconds) && factor > 0
            && seconds <= int.MaxValue / factor;
        seconds *= parsed ? factor : 0;
        return parsed;
    }

    private static bool Shift(ref long value, int shift)
    {
        value <<= shift;
        return true;
    }
}
