using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Strata.Edge.Benchmarks;

/// <summary>
/// Our edge beside nginx, HAProxy and Caddy: separate processes in front of one nginx origin, in turns, so that what disturbs the machine
/// disturbs all; medians over the rounds.
/// </summary>
internal static class Comparison
{
    public const string Host = "bench.localhost";

    /// <summary>Over TLS: what the load generators name to the server (SNI) is what they connect to.</summary>
    public const string SecureHost = "localhost";

    /// <param name="args"><c>--rounds N</c> (default 5), <c>--seconds N</c> per proxy and round (default 4), <c>--only a,b</c>
    /// names; <c>--tls</c>: over TLS 1.3, with HTTP/1.1 and then with HTTP/2; <c>--gzip</c>: 20 KB of text, compressed.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = int.Parse(Option(args, "--rounds", "5"), CultureInfo.InvariantCulture);
        var seconds = TimeSpan.FromSeconds(int.Parse(Option(args, "--seconds", "4"), CultureInfo.InvariantCulture));
        var only = Option(args, "--only", "");
        var isSecure = args.Contains("--tls");
        var folder = Directory.CreateTempSubdirectory("strata-bench-edge-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var ports = FreePorts(6);
        using var origin = Peers.Origin(folder, ports[0]);
        await origin.WaitUntilItListensAsync();
        var tls = isSecure ? TlsFiles.Write(folder, SecureHost) : null;
        List<Proxy> proxies =
        [
            Peers.Nginx(folder, ports[1], ports[0], tls), Peers.HaProxy(folder, ports[2], ports[0], tls),
            .. isSecure ? [] : new[] { Peers.Caddy(folder, ports[3], ports[0]) },
            Peers.Strata(ports[4], ports[0], inline: false, tls), Peers.Strata(ports[5], ports[0], inline: true, tls),
        ];
        try
        {
            foreach (var proxy in proxies) await proxy.WaitUntilItListensAsync();
            if (only.Length > 0) proxies = [.. proxies.Where(p => only.Split(',').Contains(p.Name))];
            var failed = false;
            Protocol[] protocols = isSecure ? [Protocol.Http2OverTls, Protocol.Http1OverTls]
                : [args.Contains("--gzip") ? Protocol.Http1Gzip : Protocol.Http1];
            foreach (var protocol in protocols)
            {
                var results = await MeasureAsync(proxies, rounds, seconds, protocol);
                Report(results, protocol);
                failed |= results.Values.Any(r => r.Any(x => x.Load.Failed > 0));
            }
            return failed ? 1 : 0;
        }
        finally
        {
            foreach (var proxy in proxies) proxy.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Dictionary<string, List<Round>>> MeasureAsync(
        IReadOnlyList<Proxy> proxies, int rounds, TimeSpan duration, Protocol protocol)
    {
        foreach (var proxy in proxies) await Round.RunAsync(proxy, TimeSpan.FromSeconds(5), protocol); // warms caches and compilers
        var results = proxies.ToDictionary(p => p.Name, _ => new List<Round>());
        for (var i = 0; i < rounds; i++)
        {
            foreach (var proxy in i % 2 == 0 ? proxies : proxies.Reverse())
                results[proxy.Name].Add(await Round.RunAsync(proxy, duration, protocol));
        }
        return results;
    }

    private static void Report(Dictionary<string, List<Round>> results, Protocol protocol)
    {
        var what = protocol switch
        {
            Protocol.Http1 => "GET, 11 bytes",
            Protocol.Http1Gzip => "20 KB, gzip",
            Protocol.Http1OverTls => "TLS, HTTP/1.1",
            _ => "TLS, HTTP/2",
        };
        Console.WriteLine($"{what,-16}{"req/s",10}{"p99 ms",10}{"req/cpu-s",12}{"RSS MB",9}{"failed",9}");
        foreach (var (name, rounds) in results)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-16}{Median(rounds, r => r.Load.PerSecond),10:0}{Median(rounds, r => r.Load.P99Ms),10:0.0}{Median(rounds, r => r.PerCpuSecond),12:0}{Median(rounds, r => r.Megabytes),9:0}{rounds.Sum(r => r.Load.Failed),9}"));
        }
        if (protocol == Protocol.Http1Gzip)
        {
            Line(results, "edge-gzip-cpu", "strata-inline", "nginx", r => r.PerCpuSecond);
            Line(results, "edge-gzip-caddy", "strata", "caddy", r => r.Load.PerSecond);
            Line(results, "edge-gzip", "strata-inline", "nginx", r => r.Load.PerSecond);
            return;
        }
        if (protocol != Protocol.Http1)
        {
            var prefix = protocol == Protocol.Http1OverTls ? "edge-tls" : "edge-tls-http2";
            Line(results, prefix + "-haproxy", "strata-inline", "haproxy", r => r.Load.PerSecond);
            Line(results, prefix + "-cpu", "strata-inline", "nginx", r => r.PerCpuSecond);
            Line(results, prefix + "-in-process", "strata", "nginx", r => r.Load.PerSecond);
            Line(results, prefix, "strata-inline", "nginx", r => r.Load.PerSecond);
            return;
        }
        Line(results, "edge-inline", "strata-inline", "nginx", r => r.Load.PerSecond);
        Line(results, "edge-inline-cpu", "strata-inline", "nginx", r => r.PerCpuSecond);
        Line(results, "edge-caddy", "strata", "caddy", r => r.Load.PerSecond);
        Line(results, "edge-p99-caddy", "strata", "caddy", r => r.Load.P99Ms);
        Line(results, "edge-cpu", "strata", "nginx", r => r.PerCpuSecond);
        Line(results, "edge", "strata", "nginx", r => r.Load.PerSecond);
    }

    private static void Line(Dictionary<string, List<Round>> results, string name, string ours, string peer, Func<Round, double> figure)
    {
        if (!results.TryGetValue(ours, out var mine) || !results.TryGetValue(peer, out var theirs)) return;
        var (a, b) = (Median(mine, figure), Median(theirs, figure));
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"RESULT name={name} ours={a:0.##} peer={b:0.##} ratio={a / b:0.00}"));
    }

    private static double Median(List<Round> rounds, Func<Round, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Option(string[] args, string name, string absent)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : absent;
    }

    private static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var socket in sockets) socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var ports = sockets.Select(s => ((IPEndPoint)s.LocalEndPoint!).Port).ToArray();
        sockets.ForEach(s => s.Dispose());
        return ports;
    }
}
