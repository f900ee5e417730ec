namespace Strata.Authz.Benchmarks;

/// <summary>How figures are computed and printed.</summary>
internal static class Figures
{
    private const int AtOnce = 8;

    public static void Say(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

    public static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    /// <param name="unit">Behind the figure, with its space; empty: none.</param>
    /// <param name="isFloor">Whether it is to be at least as much; otherwise at most.</param>
    public static void Target(string what, double figure, double target, string unit, bool isFloor = false)
    {
        var isMet = isFloor ? figure >= target : figure <= target;
        Say($"{what}: {figure:0.##}{unit}, target {(isFloor ? "≥" : "≤")} {target:0.##}: {(isMet ? "met" : "MISSED")}");
    }

    /// <summary>What so many calls return, several at a time.</summary>
    public static async Task<IReadOnlyList<T>> ManyAsync<T>(int count, Func<Task<T>> make)
    {
        var made = new T[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => made[i] = await make());
        return made;
    }

    /// <summary>The same, of some in turns.</summary>
    public static Task<IReadOnlyList<T>> ManyAsync<TOf, T>(int count, IReadOnlyList<TOf> of, Func<TOf, Task<T>> make)
    {
        var next = -1;
        return ManyAsync(count, () => make(of[Interlocked.Increment(ref next) % of.Count]));
    }
}
