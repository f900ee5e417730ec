using System.Globalization;
using Strata.Entity.Benchmarks;
using Strata.Feed.Benchmarks;

// The change feed over HTTP, all of it on this machine, PostgreSQL with fsync: one follower that catches up against the same rows read by
// SQL alone, and the time from a commit to its delivery to many followers. Usage: ./bench feed [--seconds N] [--rounds N] [--revisions N]
// [--followers N] [--rate N]

var (seconds, rounds, revisions) = (Option("--seconds", 5), Option("--rounds", 3), Option("--revisions", 300_000));
await using var cloud = await Cloud.StartAsync();
await cloud.AddModelAsync("order", Documents.Order);
var delivery = await Delivery.RunAsync(cloud, Option("--followers", 100), Option("--rate", 50), TimeSpan.FromSeconds(seconds));
Console.WriteLine($"from the commit's answer being asked for to delivery, to all followers: {delivery}");
await Loaded.AddAsync(cloud, revisions);
var (ours, ratios) = (new List<double>(), new List<double>());
for (var round = 1; round <= rounds; round++)
{
    var (peer, feed) = (await CatchUp.BySqlAsync(cloud), await CatchUp.ByFeedAsync(cloud));
    ours.Add(feed.PerSecond);
    ratios.Add(feed.PerSecond / peer.PerSecond);
    Console.WriteLine(
        FormattableString.Invariant($"round {round}: one follower catching up {feed}; the rows by SQL {peer}; ratio {ratios[^1]:0.00}"));
}
Console.WriteLine(
    FormattableString.Invariant(
        $"RESULT name=feed catchup={Median(ours):0} ratio={Median(ratios):0.00} p50ms={delivery.P50:0.00} p99ms={delivery.P99:0.00}"));

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
