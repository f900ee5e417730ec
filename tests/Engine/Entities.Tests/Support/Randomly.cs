using System.Globalization;

namespace Strata.Entities.Tests.Support;

/// <summary>Runs a property on random input. A failure tells the seed; STRATA_TEST_SEED runs exactly that one again.</summary>
internal static class Randomly
{
    public static void Check(int runs, Action<Random> property)
    {
        foreach (var seed in Seeds(runs))
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Failed with STRATA_TEST_SEED={seed}: {e.Message}", e);
            }
        }
    }

    public static async Task CheckAsync(int runs, Func<Random, Task> property)
    {
        foreach (var seed in Seeds(runs))
        {
            try
            {
                await property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Failed with STRATA_TEST_SEED={seed}: {e.Message}", e);
            }
        }
    }

    public static T Pick<T>(this Random random, params IReadOnlyList<T> among) => among[random.Next(among.Count)];

    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;

    private static IEnumerable<int> Seeds(int runs) =>
        int.TryParse(Environment.GetEnvironmentVariable("STRATA_TEST_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? [seed]
            : Enumerable.Range(0, runs).Select(_ => Random.Shared.Next());
}
