using System.Diagnostics;

namespace Strata.TestSupport;

/// <summary>Waits for conditions: long enough for a busy machine, and no longer than it takes.</summary>
internal static class Wait
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMilliseconds(500);

    public static Task UntilAsync(Func<bool> condition, string what, double seconds = 90) =>
        UntilAsync(() => Task.FromResult(condition()), what, seconds);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, double seconds = 90) =>
        await ForAsync(async () => await condition() ? what : null, what, seconds);

    public static async Task<T> ForAsync<T>(Func<Task<T?>> find, string what, double seconds = 120)
        where T : class
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var asked = clock.Elapsed;
            if (await find() is { } found) return found;
            if (clock.Elapsed.TotalSeconds > seconds) Assert.Fail($"Waited {seconds:0} s in vain until {what}.");
            // A check that runs a program takes the processor from what it waits for: it may have half of the time at most.
            var took = clock.Elapsed - asked;
            await Task.Delay(took < PauseMin ? PauseMin : took > PauseMax ? PauseMax : took);
        }
    }
}
