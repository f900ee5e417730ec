using System.Diagnostics;

namespace Strata.Compute.Tests;

internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(20))
        {
            if (clock.Elapsed > Patience) Assert.Fail($"Waited {Patience.TotalSeconds:0} s in vain until {what}.");
        }
    }
}
