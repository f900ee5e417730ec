using System.Collections.Concurrent;
using System.Globalization;

namespace Strata.TestSupport;

/// <summary>
/// Random values that shape what a test does. All come from one seed: the same in each run, so that a failure belongs to the commit that it
/// appears in. <c>./test --long</c> takes a random one. A failure shows it, and STRATA_SEED repeats it.
/// </summary>
internal static class Seeded
{
    private const int Default = 20_261_128;

    private static readonly ConcurrentDictionary<string, bool> shown = [];

    public static int Seed { get; } = Environment.GetEnvironmentVariable("STRATA_SEED") is { Length: > 0 } given
        ? int.Parse(given, CultureInfo.InvariantCulture) : Default;

    /// <param name="stream">Tells apart the workers or runs of one test.</param>
    public static Random Random(int stream = 0)
    {
        // The runner prints what a failed test wrote.
        if (TestContext.Current is { Test: { } test, TestOutputHelper: { } output } && shown.TryAdd(test.UniqueID, true))
            output.WriteLine($"STRATA_SEED={Seed}");
        return Of(stream);
    }

    /// <summary>Content that nothing compresses.</summary>
    public static byte[] Bytes(int count, int stream = 0)
    {
        var bytes = new byte[count];
        Of(stream).NextBytes(bytes);
        return bytes;
    }

    /// <summary>
    /// Runs a property on random input, each run with a seed of its own. The one that fails is the first run under the seed that the
    /// failure shows.
    /// </summary>
    public static void Check(int runs, Action<Random> property)
    {
        for (var run = 0; run < runs; run++)
        {
            try
            {
                property(Of(run));
            }
            catch (Exception e)
            {
                throw Failed(run, e);
            }
        }
    }

    /// <inheritdoc cref="Check"/>
    public static async Task CheckAsync(int runs, Func<Random, Task> property)
    {
        for (var run = 0; run < runs; run++)
        {
            try
            {
                await property(Of(run));
            }
            catch (Exception e)
            {
                throw Failed(run, e);
            }
        }
    }

    private static Random Of(int stream) => new(unchecked(Seed + stream));

    private static InvalidOperationException Failed(int run, Exception e) =>
        new($"Failed with STRATA_SEED={unchecked(Seed + run)}: {e.Message}", e);
}
