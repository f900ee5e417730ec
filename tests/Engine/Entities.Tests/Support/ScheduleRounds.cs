using Strata.Entities.Engine;

namespace Strata.Entities.Tests.Support;

internal static class ScheduleRounds
{
    /// <summary>Fires what is due now, and waits for its end.</summary>
    /// <returns>How many entities it was about.</returns>
    public static async Task<int> RoundAsync(this ScheduleRunner runner)
    {
        var started = await runner.StartDueAsync(null, CancellationToken.None);
        await runner.EndedAsync();
        return started;
    }
}
