using System.Globalization;

namespace Strata.Api.Idempotency;

/// <summary>
/// When a client made an Idempotency-Key, where the key says so: a UUID of version 7 or a ULID. Ids that follow from the key are then
/// ordered by time, as fresh ones are. Anything that reads a clock of ours would differ between servers and attempts.
/// </summary>
internal static class KeyTime
{
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int UlidLength = 26;
    private const int UlidTimeLength = 10;
    private const int UuidTimeDigits = 12;

    // What lies outside is a key of another form that happens to look like one: 2020 to 2100.
    private const long MsMin = 1_577_836_800_000;
    private const long MsMax = 4_102_444_800_000;

    /// <returns>Milliseconds since 1970, or null.</returns>
    public static long? Of(string key)
    {
        var ms = Guid.TryParseExact(key, "D", out var uuid) || Guid.TryParseExact(key, "N", out uuid) ? OfUuid(uuid) : OfUlid(key);
        return ms is >= MsMin and < MsMax ? ms : null;
    }

    private static long? OfUuid(Guid uuid) =>
        uuid.Version == 7
            ? long.Parse(uuid.ToString("N").AsSpan(0, UuidTimeDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : null;

    private static long? OfUlid(string key)
    {
        if (key.Length != UlidLength || key.Any(c => !Crockford.Contains(c, StringComparison.OrdinalIgnoreCase))) return null;
        return key.Take(UlidTimeLength).Aggregate(
            0L, (ms, c) => (ms << 5) | (long)Crockford.IndexOf(c, StringComparison.OrdinalIgnoreCase));
    }
}
