using System.Globalization;
using System.Text.RegularExpressions;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Times as people say them.</summary>
internal static partial class TimeText
{
    public const string InvalidTime = "INVALID_TIME";

    /// <summary>Such as <c>3m ago</c>; two units below a day's precision are too many to read.</summary>
    public static string Ago(DateTimeOffset time, DateTimeOffset now)
    {
        var age = now - time;
        return age < TimeSpan.FromSeconds(1) ? "now" : Short(age) + " ago";
    }

    /// <summary>
    /// A time as exact as the log has it, so that it can be given back with <c>--at</c>; always the same number of digits:
    /// <c>2026-11-29T12:22:02.376148Z</c>.
    /// </summary>
    public static string Stamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    /// <summary>Before a line of a log: milliseconds are enough there, and less is in the way of the line.</summary>
    public static string LineStamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    public static string Short(TimeSpan span) => span switch
    {
        { TotalSeconds: < 10 } => span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + "s",
        { TotalMinutes: < 2 } => $"{(int)span.TotalSeconds}s",
        { TotalHours: < 2 } => $"{(int)span.TotalMinutes}m",
        { TotalDays: < 2 } => $"{(int)span.TotalHours}h",
        { TotalDays: < 730 } => $"{(int)span.TotalDays}d",
        _ => $"{(int)(span.TotalDays / 365)}y",
    };

    /// <summary>
    /// Reads RFC 3339 ("2026-11-20T14:00Z", a date alone is its midnight UTC), or an age: "2h ago", "90 seconds ago", "now".
    /// </summary>
    public static Result<DateTimeOffset> Parse(string text, DateTimeOffset now)
    {
        text = text.Trim();
        if (text == "now") return now;
        if (Age().Match(text) is { Success: true } age) return Back(age, now);
        var styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, styles, out var time)) return time;
        return new Error(
            ErrorKind.Invalid, InvalidTime, $"\"{text}\" is not a time.", "Write it as 2026-11-20T14:00Z or as an age such as \"2h ago\".");
    }

    /// <summary>When a lifetime such as 12h or 90d ends that begins now.</summary>
    public static Result<DateTimeOffset> ParseLifetime(string text, DateTimeOffset now) =>
        Parse(text, now).TryGet(out var then, out _) && then < now ? now + (now - then)
            : UsageErrors.Of($"\"{text}\" is not a lifetime.", "Write it as 12h or 90d");

    /// <summary>As <see cref="Parse"/>, of what has been: a state of tomorrow is not known. Clocks may differ a little.</summary>
    public static Result<DateTimeOffset> ParsePast(string text, DateTimeOffset now)
    {
        if (!Parse(text, now).TryGet(out var time, out var error)) return error;
        if (time <= now + TimeSpan.FromHours(1)) return time;
        return new Error(
            ErrorKind.Invalid, InvalidTime, $"{Stamp(time)} is in the future.", "Give a time that has passed, or leave it out for the latest.");
    }

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    private static Result<DateTimeOffset> Back(Match age, DateTimeOffset now)
    {
        var count = double.Parse(age.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        var unit = age.Groups[2].Value[0] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.FromDays(7),
        };
        return count * unit.TotalDays < 36_500 ? now - count * unit : DateTimeOffset.MinValue;
    }

    [GeneratedRegex(@"^(\d{1,9}(?:\.\d{1,3})?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Age();
}
