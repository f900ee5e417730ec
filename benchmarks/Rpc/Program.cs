using System.Globalization;
using Strata.Rpc.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

// Unary echo: 64 calls at once on 4 connections, by h2load, against our RPC layer, a bare Kestrel that echoes the frame over HTTP/2 (the
// limit), grpc-js and grpcio; each server a process of its own, in turns. Usage: ./bench rpc [--seconds N] [--rounds N].

if (args is ["serve", var which, var port])
{
    await EchoServers.RunAsync(which, int.Parse(port, CultureInfo.InvariantCulture));
    return;
}

var (seconds, rounds) = (Option("--seconds", 4), Option("--rounds", 5));
await using var ours = await Peer.StartAsync("strata", port => (Environment.ProcessPath!, ["serve", "strata", port]));
await using var bare = await Peer.StartAsync("kestrel", port => (Environment.ProcessPath!, ["serve", "kestrel", port]));
await using var node = await Peer.StartAsync("grpc-js", port => ("node", [Peer.Root("benchmarks/Rpc/echo-server.js"), port]));
await using var python = await Peer.StartAsync("grpcio", port => ("/usr/bin/python3", [Peer.Root("benchmarks/Rpc/echo_server.py"), port]));
Peer[] all = [ours, bare, node, python];
foreach (var peer in all) await peer.LoadAsync(seconds); // warm

var (measured, spent) = (
    all.ToDictionary(peer => peer.Name, _ => new List<double>()), all.ToDictionary(peer => peer.Name, _ => new List<double>()));
for (var round = 1; round <= rounds; round++)
{
    foreach (var peer in all)
    {
        var (perSecond, microseconds) = await peer.LoadAsync(seconds);
        measured[peer.Name].Add(perSecond);
        spent[peer.Name].Add(microseconds);
    }
    Say($"round {round}: {string.Join(", ", all.Select(peer => FormattableString.Invariant($"{peer.Name} {measured[peer.Name][^1]:0}/s ({spent[peer.Name][^1]:0.0} µs)")))}");
}
Say($"by processor time of the server: {Median(spent["kestrel"]) / Median(spent["strata"]):0.00}");
foreach (var peer in all[2..]) Say($"against {peer.Name}: {Median(measured["strata"]) / Median(measured[peer.Name]):0.00} times as many");
Result("rpc", measured["strata"], measured["kestrel"]);

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
