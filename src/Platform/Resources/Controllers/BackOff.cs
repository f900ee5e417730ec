using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Resources.Controllers;

/// <summary>
/// How long a failed entity waits: from a quarter of a second, twice as long each time in a row, up to a minute, give or take a fifth so
/// that what failed together is not tried together. Bounded by the entities that fail now. Safe for concurrent use.
/// </summary>
internal sealed class BackOff
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly ExponentialBackOff Pauses = new(First, Longest, Spread: 0.2);

    private readonly ConcurrentDictionary<WorkKey, int> failures = new();

    /// <summary>Entities whose last look failed.</summary>
    public int Failing => failures.Count;

    /// <returns>How often in a row it has failed, this time included.</returns>
    public int Fail(WorkKey key) => failures.AddOrUpdate(key, 1, static (_, count) => count + 1);

    public void Succeed(WorkKey key) => failures.TryRemove(key, out _);

    public static TimeSpan DelayAfter(int failures, double random) => Pauses.After(failures, random);
}
