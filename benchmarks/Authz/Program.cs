using System.Globalization;
using Strata.Authz.Benchmarks;
using Strata.Entity.Benchmarks;

// What it costs to find out who calls and what they may do: verifying a token and deciding a permission, revoking, issuing, and whether any
// of that grows with the cloud. Each figure has its target; one that depends on the machine has a limit measured in the same run.
// Usage: ./bench authz [--organizations N] [--seconds N] [--rounds N]. As issue 13 asks: --organizations 100000, which takes minutes to
// fill.

var (organizations, rounds) = (Option("--organizations", 10_000), Option("--rounds", 5));
var duration = TimeSpan.FromSeconds(Option("--seconds", 3));
double first, peer, cached, revoked, rs256, es256;
await using (var cloud = await Cloud.StartAsync())
{
    (first, peer, cached) = await DecisionBenchmark.RunAsync(cloud, rounds);
    (rs256, es256) = await IssueBenchmark.RunAsync(cloud, rounds, duration);
    revoked = await RevocationBenchmark.RunAsync(cloud, rounds * 6); // last: the second server is of this process too
}
CacheBenchmark.Run();
var growth = await GrowthBenchmark.RunAsync(organizations, rounds, duration);
Figures.Say($"RESULT name=authz ours={first:0.0} peer={peer:0.0} ratio={peer / first:0.00} cached={cached:0.00} revoked-ms={revoked:0} rs256={rs256:0} es256={es256:0} growth={growth:0.00} organizations={organizations}");

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
