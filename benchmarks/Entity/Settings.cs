namespace Strata.Entity.Benchmarks;

/// <param name="Duration">Of each run.</param>
/// <param name="Rounds">Of ours and the peer in turns.</param>
/// <param name="Revisions">In the large log.</param>
internal sealed record Settings(TimeSpan Duration, int Rounds, int Revisions)
{
    public const int Connections = 64;

    public static void Say(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

    public static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    /// <summary>The last line: the medians, and the median of the rounds' ratios.</summary>
    public static void Result(string name, IReadOnlyList<double> ours, IReadOnlyList<double> peers) => Say(
        $"RESULT name={name} ours={Median(ours):0} peer={Median(peers):0} ratio={Median(ours.Select((o, i) => o / peers[i])):0.00}");
}
