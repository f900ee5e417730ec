using System.Diagnostics;

namespace Strata.Server.Tests.Support;

/// <summary>Waits for conditions.</summary>
public static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var clock = Stopwatch.StartNew(); !await condition(); await Task.Delay(Pause))
        {
            if (clock.Elapsed > Patience) Assert.Fail($"Waited {Patience.TotalSeconds:0} s in vain until {what}.");
        }
    }
}
