namespace Strata.Entities.Tests.Support;

internal static class Randomly
{
    public static T Pick<T>(this Random random, params IReadOnlyList<T> among) => among[random.Next(among.Count)];

    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;
}
