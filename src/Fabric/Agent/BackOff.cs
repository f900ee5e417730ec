using Strata.Core;

namespace Strata.Agent;

/// <summary>
/// How long to wait before a crashed instance is started again: 1 s, doubled each time, at most 60 s. A run that was ready for 10 s resets
/// the count.
/// </summary>
internal static class BackOff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan GoodRun = TimeSpan.FromSeconds(10);

    /// <param name="crashes">In a row, this one included: 1 for the first.</param>
    public static TimeSpan Delay(int crashes) => new ExponentialBackOff(First, Max).After(crashes);

    /// <summary>The count after one more crash.</summary>
    /// <param name="wasReady">For how long the run was ready before it crashed.</param>
    public static int Next(int crashes, TimeSpan wasReady) => wasReady >= GoodRun ? 1 : crashes + 1;
}
