using System.Diagnostics;

namespace Strata.Deployments.Tests.Support;

/// <summary>Waits for conditions.</summary>
internal static class Wait
{
    public static async Task<T> ForAsync<T>(Func<Task<T?>> find, string what, double seconds = 120)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await find() is { } found) return found;
            Assert.True(watch.Elapsed.TotalSeconds < seconds, $"Not within {seconds} s: {what}");
            await Task.Delay(10);
        }
    }
}
