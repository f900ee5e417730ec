using System.Globalization;
using System.Text;
using Strata.Benchmarks;
using Strata.Compute.Benchmarks;
using Strata.Entity.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

// Transitions with one SYNC processor by a .NET member over gRPC against the same transitions without a processor, in turns; then at half
// load, and by more members. Server, member and load share the processors. Usage: ./bench compute [--seconds N] [--rounds N]

const string Document = """{"number":"ORD-00000001","customer":"Jane Example","city":"Springfield","total":129.95,"currency":"EUR","lines":3,"paid":true}""";
const string Processor = ""","processors":[{"type":"externalized","name":"p","executionMode":"SYNC","config":{"calculationNodesTags":"bench"}}]""";

var duration = TimeSpan.FromSeconds(Option("--seconds", 4));
var rounds = Option("--rounds", 5);
await using var cloud = await Cloud.StartAsync();
using var http = cloud.Client(cloud.Token);
var plain = await PrepareAsync("plain", "");
var served = await PrepareAsync("served", Processor);
await using var member = await BenchMember.JoinAsync(cloud.Url, cloud.Token);
await Load.RunAsync(Connections, TimeSpan.FromSeconds(2), (worker, _) => TakeAsync(served[worker])); // warm
await Load.RunAsync(Connections, TimeSpan.FromSeconds(2), (worker, _) => TakeAsync(plain[worker]));

var (ours, peers) = (new List<double>(), new List<double>());
for (var round = 1; round <= rounds; round++)
{
    var with = await Load.RunAsync(Connections, duration, (worker, _) => TakeAsync(served[worker]));
    var without = await Load.RunAsync(Connections, duration, (worker, _) => TakeAsync(plain[worker]));
    (ours, peers) = ([.. ours, with.PerSecond], [.. peers, without.PerSecond]);
    Say($"round {round}: with a processor {with}; without {without}; ratio {with.PerSecond / without.PerSecond:0.00}");
}
await LatencyAsync();
await ScaleAsync();
Result("compute", ours, peers);

// Half the load that 64 connections made: 4 connections come near it on two processors, and what a call adds shows without a queue.
async Task LatencyAsync()
{
    const int few = 4;
    var with = await Load.RunAsync(few, duration, (worker, _) => TakeAsync(served[worker]));
    var without = await Load.RunAsync(few, duration, (worker, _) => TakeAsync(plain[worker]));
    Say($"{few} connections: with a processor {with}; without {without}");
}

async Task ScaleAsync()
{
    var members = new List<BenchMember>();
    foreach (var count in (int[])[2, 4, 8])
    {
        while (members.Count < count - 1) members.Add(await BenchMember.JoinAsync(cloud.Url, cloud.Token));
        Say($"{count} members: {await Load.RunAsync(Connections, duration, (worker, _) => TakeAsync(served[worker]))}");
    }
    foreach (var one in members) await one.DisposeAsync();
}

async Task<string[]> PrepareAsync(string model, string processors)
{
    var workflow = $$$$"""{"workflows":[{"version":"1.0","name":"w","initialState":"A","states":{"A":{"transitions":[{"name":"touch","next":"A","manual":true{{{{processors}}}}}]}}}]}""";
    await cloud.AddModelAsync(model, Document, workflow);
    var created = await cloud.SendAsync(
        "POST", $"/api/entity/JSON/{model}/1", $"[{string.Join(',', Enumerable.Repeat(Document, Connections))}]");
    return [.. created[0].GetProperty("entityIds").EnumerateArray().Select(id => $"/api/entity/JSON/{id.GetString()}/touch")];
}

async ValueTask TakeAsync(string path)
{
    using var content = new StringContent(Document, Encoding.UTF8, "application/json");
    using var answer = await http.PutAsync(path, content);
    if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
}

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
