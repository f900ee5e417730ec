using System.Diagnostics;
using System.Globalization;
using Strata.Benchmarks;
using Strata.Entity.Benchmarks;
using Strata.Search.Benchmarks;

// Search over HTTP in a model with many entities: by a declared index, without one against PostgreSQL's own time, and a large result.
// Usage: ./bench search [--entities N] [--seconds N] [--rounds N]

var entities = Option("--entities", 1_000_000);
var duration = TimeSpan.FromSeconds(Option("--seconds", 3));
var rounds = Option("--rounds", 5);
await using var cloud = await Cloud.StartAsync();
await cloud.AddModelAsync("order", Orders.Sample);
Say($"{entities} entities loaded in {(await Orders.AddAsync(cloud, entities)).TotalSeconds:0.0} s");
Say($"index on $.customer built in {(await Orders.IndexAsync(cloud, "$.customer")).TotalSeconds:0.0} s");
var client = new Client(cloud);

foreach (var workers in (int[])[1, 16]) await MeasureIndexedAsync(workers);

var (ours, peers) = (new List<double>(), new List<double>());
for (var round = 0; round <= rounds; round++)
{
    var number = $"\"ORD-{entities / (round + 2)}\"";
    var (mine, theirs) = (
        await TimeAsync(() => client.DirectAsync(Client.Equal("$.number", number))), await TimeAsync(() => PeerAsync(number)));
    if (round == 0) continue; // warm
    (ours, peers) = ([.. ours, mine], [.. peers, theirs]);
    Say($"round {round}: unindexed equality, one of {entities}: {mine:0} ms over HTTP, {theirs:0} ms in PostgreSQL alone, ratio {theirs / mine:0.00}");
}
Say($"10000 of {entities}, sorted, streamed: {await TimeAsync(() => client.DirectAsync(Below(10_000), "?limit=10000&sort=number:desc")):0} ms");
var large = await client.AsyncAsync(Below(100_000));
Say($"asynchronous search: {large.Entities} entities found in {large.Search.TotalSeconds:0.00} s, read in pages of 10000 in {large.Pages.TotalSeconds:0.00} s, at most {large.Bytes / 1e6:0.0} MB of the heap above its start, the client's share included");
Say($"RESULT name=search ours={1000 / Median(ours):0.00} peer={1000 / Median(peers):0.00} ratio={Median(ours.Select((mine, i) => peers[i] / mine)):0.00}");

async Task MeasureIndexedAsync(int workers)
{
    var customers = Orders.CustomersOf(entities);
    await FindCustomerAsync(0);
    var rate = await Load.RunAsync(
        workers, duration, async (worker, n) => await FindCustomerAsync((worker * 7919 + n * 104729) % customers));
    Say($"indexed equality, 20 of {entities}, by {workers} clients: {rate}");
}

async Task FindCustomerAsync(int customer)
{
    if (await client.DirectAsync(Client.Equal("$.customer", $"\"Customer {customer}\"")) == 0)
        throw new InvalidOperationException("A customer was not found.");
}

async Task<int> PeerAsync(string number)
{
    await using var command = cloud.Source.CreateCommand("""
        select entity, document from strata.head where tenant = (select tenant from strata.log_head order by revision desc limit 1)
        and model = 'order' and version = 1 and not deleted and document -> 'number' = $1::jsonb
        """);
    command.Parameters.Add(new() { Value = number, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
    await using var row = await command.ExecuteReaderAsync();
    var count = 0;
    while (await row.ReadAsync()) count++;
    return count;
}

string Below(int count) => $$"""{"type":"lifecycle","field":"id","operatorType":"LESS_THAN","value":"01930000-0000-7000-8000-{{count:x12}}"}""";

static async Task<double> TimeAsync(Func<Task<int>> act)
{
    var start = Stopwatch.GetTimestamp();
    if (await act() == 0) throw new InvalidOperationException("Nothing was found.");
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

static void Say(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
