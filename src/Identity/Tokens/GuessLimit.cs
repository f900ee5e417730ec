using System.Collections.Concurrent;

namespace Strata.Identity.Tokens;

/// <summary>Counts wrong secrets of each client in a minute; after too many, none is looked at for the rest of it. Bounded. Safe for concurrent use.</summary>
internal sealed class GuessLimit(int max, TimeProvider time)
{
    private const int ClientsKept = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    public bool IsOver(string client) => counts.TryGetValue(client, out var count) && !IsPast(count) && count.Wrong >= max;

    public void Failed(string client)
    {
        if (counts.Count >= ClientsKept) DropPast();
        counts.AddOrUpdate(client, _ => new Count(1, time.GetTimestamp()), (_, count) => IsPast(count) ? new Count(1, time.GetTimestamp()) : count with { Wrong = count.Wrong + 1 });
    }

    private bool IsPast(Count count) => time.GetElapsedTime(count.Since) >= Window;

    /// <summary>All of them where none is past: who guesses at ten thousand clients a minute is held up by 256 random bits.</summary>
    private void DropPast()
    {
        foreach (var (client, count) in counts)
        {
            if (IsPast(count)) counts.TryRemove(client, out _);
        }
        if (counts.Count >= ClientsKept) counts.Clear();
    }

    private sealed record Count(int Wrong, long Since);
}
