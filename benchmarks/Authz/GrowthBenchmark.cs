using Strata.Entity.Benchmarks;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// Whether sign-ins, token requests and checks of tokens cost more in a cloud of many organizations of ten members than in one of ten: by
/// the processor time of server and database, of as many callers in both, spread over all organizations; the two clouds in turns.
/// </summary>
internal static class GrowthBenchmark
{
    private const double TargetRatio = 0.9;
    private const int Few = 10;

    /// <returns>The lowest of the three ratios.</returns>
    public static async Task<double> RunAsync(int organizations, int rounds, TimeSpan duration)
    {
        var empty = Held();
        await using var small = await Crowd.StartAsync(Few);
        var ofSmall = Held() - empty;
        await using var large = await Crowd.StartAsync(organizations);
        var ofLarge = Held() - empty - ofSmall;
        Say($"{organizations} organizations of {FilledOrganizations.MembersEach} members were put into the log in {large.FillTook.TotalSeconds:0} s");
        Say($"the database was idle {small.IdleAfter.TotalSeconds:0} s after the start with {Few}, {large.IdleAfter.TotalSeconds:0} s with {organizations}");
        Say($"managed memory after the start: {ofSmall / 1e6:0} MB with {Few}, {ofLarge / 1e6:0} MB with {organizations}");
        foreach (var crowd in (Crowd[])[small, large]) await crowd.WarmAsync();
        var lowest = double.MaxValue;
        foreach (var (what, operation) in Crowd.Operations)
        {
            var (few, many) = (new List<Cost>(), new List<Cost>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var isSmall in (bool[])[round % 2 == 0, round % 2 != 0])
                    (isSmall ? few : many).Add(await operation(isSmall ? small : large, duration));
            }
            var ratio = Median(few.Zip(many, (f, m) => (f.Server + f.Database) / (m.Server + m.Database)));
            Say($"{what}: {CostOf(few)} among {Few}; {CostOf(many)} among {organizations}");
            Target($"{what}: ratio", ratio, TargetRatio, "", isFloor: true);
            lowest = Math.Min(lowest, ratio);
        }
        Say($"managed memory of both after that: {(Held() - empty) / 1e6:0} MB");
        return lowest;
    }

    private static Cost CostOf(List<Cost> rounds) => new(Median(rounds.Select(c => c.Server)), Median(rounds.Select(c => c.Database)));

    private static long Held() => GC.GetTotalMemory(forceFullCollection: true);
}
