using System.Collections.Concurrent;

namespace Strata.Identity.Tokens;

/// <summary>
/// Counts wrong secrets of each source in a minute; after too many its wrong ones are answered with 429 for the rest of it. A right one is
/// never counted nor kept out: a limit that blocks a client would let anyone lock it out. Bounded. Safe for concurrent use.
/// </summary>
internal sealed class GuessLimit(int max, TimeProvider time)
{
    private const int SourcesKept = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    public bool IsOver(string source) => counts.TryGetValue(source, out var count) && !IsPast(count) && count.Wrong >= max;

    public void Failed(string source)
    {
        if (counts.Count >= SourcesKept) DropPast();
        counts.AddOrUpdate(source, _ => new Count(1, time.GetTimestamp()),
            (_, count) => IsPast(count) ? new Count(1, time.GetTimestamp()) : count with { Wrong = count.Wrong + 1 });
    }

    private bool IsPast(Count count) => time.GetElapsedTime(count.Since) >= Window;

    /// <summary>Drops all if none is past: a guesser with ten thousand addresses is stopped by the 256 random bits of a secret.</summary>
    private void DropPast()
    {
        foreach (var (source, count) in counts)
        {
            if (IsPast(count)) counts.TryRemove(source, out _);
        }
        if (counts.Count >= SourcesKept) counts.Clear();
    }

    private sealed record Count(int Wrong, long Since);
}
