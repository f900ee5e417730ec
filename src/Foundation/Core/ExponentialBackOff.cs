namespace Strata.Core;

/// <summary>
/// How long to wait before what failed is tried again: the first pause, twice as long after each further failure in a row, up to the
/// longest.
/// </summary>
/// <param name="Spread">Of a pause, give or take, by chance: what failed together is not tried together. 0 to 1.</param>
public readonly record struct ExponentialBackOff(TimeSpan First, TimeSpan Longest, double Spread = 0)
{
    private const int DoublingsMax = 30;

    /// <param name="failures">In a row, this one included; less than 1 counts as 1.</param>
    public TimeSpan After(int failures) => After(failures, Spread == 0 ? 0 : Random.Shared.NextDouble());

    /// <param name="random">0 to 1; which pause of the spread.</param>
    public TimeSpan After(int failures, double random)
    {
        var pause = Math.Min(First.TotalMilliseconds * Math.Pow(2, Math.Clamp(failures - 1, 0, DoublingsMax)), Longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(pause * (1 - Spread + 2 * Spread * random));
    }
}
