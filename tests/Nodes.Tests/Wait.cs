using System.Diagnostics;

namespace Strata.Nodes.Tests;

/// <summary>Waits for conditions.</summary>
internal static class Wait
{
    public static async Task UntilAsync(Func<bool> condition, string what, double seconds = 90) =>
        await UntilAsync(() => Task.FromResult(condition()), what, seconds);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, double seconds = 90)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed.TotalSeconds < seconds, $"Not within {seconds} s: {what}");
            await Task.Delay(20);
        }
    }
}
