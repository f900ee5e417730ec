using System.Globalization;

namespace Strata.Storage.Tests.Properties;

/// <summary>Random runs say their seed; set STRATA_TEST_SEED to repeat one.</summary>
internal static class Seeds
{
    public static Random Next()
    {
        var given = Environment.GetEnvironmentVariable("STRATA_TEST_SEED");
        var seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"STRATA_TEST_SEED={seed}");
        return new Random(seed);
    }

    public static T Pick<T>(this Random random, params ReadOnlySpan<T> from) => from[random.Next(from.Length)];
}
