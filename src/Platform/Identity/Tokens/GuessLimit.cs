using System.Collections.Concurrent;

namespace Strata.Identity.Tokens;

/// <summary>
/// Counts what each source has tried in a window, which begins with its first attempt, and says when that was too often. Bounded. Safe for
/// concurrent use.
/// </summary>
internal sealed class GuessLimit(int max, TimeSpan window, TimeProvider time)
{
    private const int SourcesKept = 10_000;

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    public bool IsOver(string source) => counts.TryGetValue(source, out var count) && !IsPast(count) && count.Tries >= max;

    public void Failed(string source) => Add(source);

    /// <summary>Counts an attempt before it is made, so that many at once are no way around.</summary>
    /// <returns>False: there were too many.</returns>
    public bool TryBegin(string source) => Add(source).Tries <= max;

    /// <summary>An attempt that began was a right one.</summary>
    public void Forgive(string source)
    {
        if (counts.TryGetValue(source, out var count) && count.Tries > 0)
            counts.TryUpdate(source, count with { Tries = count.Tries - 1 }, count);
    }

    private Count Add(string source)
    {
        if (counts.Count >= SourcesKept) DropPast();
        return counts.AddOrUpdate(source, _ => new Count(1, time.GetTimestamp()),
            (_, count) => IsPast(count) ? new Count(1, time.GetTimestamp()) : count with { Tries = Math.Min(count.Tries, max) + 1 });
    }

    private bool IsPast(Count count) => time.GetElapsedTime(count.Since) >= window;

    /// <summary>Drops all if none is past: who has ten thousand addresses to guess from is not stopped by a count of each.</summary>
    private void DropPast()
    {
        foreach (var (source, count) in counts)
        {
            if (IsPast(count)) counts.TryRemove(source, out _);
        }
        if (counts.Count >= SourcesKept) counts.Clear();
    }

    private sealed record Count(int Tries, long Since);
}
