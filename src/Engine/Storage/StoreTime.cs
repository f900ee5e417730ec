namespace Strata.Storage;

/// <summary>Times in the log are whole microseconds in UTC, which is what PostgreSQL keeps.</summary>
internal static class StoreTime
{
    public static DateTimeOffset Truncate(DateTimeOffset time) =>
        new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
}
