namespace Strata.Identity.Tokens;

/// <summary>
/// Counts what each source has tried in a window, which begins with its first attempt, and says when that was too often. Sources share
/// <see cref="Buckets"/> by a hash that differs from process to process: whoever has many of them can neither make the counts of others be
/// forgotten, nor choose whose count they share. Safe for concurrent use.
/// </summary>
internal sealed class GuessLimit(int max, TimeSpan window, TimeProvider time)
{
    private const int Buckets = 16_384;

    private readonly Lock changing = new();
    private Count[]? counts; // made at the first attempt: most limits are never met

    public bool IsOver(string source)
    {
        lock (changing) return Of(source) is { } count && !IsPast(count) && count.Tries >= max;
    }

    public void Failed(string source) => TryBegin(source);

    /// <summary>Counts an attempt before it is made, so that many at once are no way around.</summary>
    /// <returns>False: there were too many.</returns>
    public bool TryBegin(string source)
    {
        lock (changing)
        {
            ref var count = ref Of(source);
            count = IsPast(count) ? new Count(1, time.GetTimestamp()) : count with { Tries = Math.Min(count.Tries, max) + 1 };
            return count.Tries <= max;
        }
    }

    /// <summary>An attempt that began was a right one.</summary>
    public void Forgive(string source)
    {
        lock (changing)
        {
            ref var count = ref Of(source);
            if (count.Tries > 0) count = count with { Tries = count.Tries - 1 };
        }
    }

    private ref Count Of(string source) =>
        ref (counts ??= new Count[Buckets])[(uint)string.GetHashCode(source, StringComparison.Ordinal) % Buckets];

    private bool IsPast(Count count) => count.Tries == 0 || time.GetElapsedTime(count.Since) >= window;

    private readonly record struct Count(int Tries, long Since);
}
