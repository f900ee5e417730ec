using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Scale.Benchmarks;
using Strata.Storage.Postgres;
using Strata.Storage.PrivateServer;

// What a control plane costs that has much to look after and nothing to do, and how soon a change reaches its controller, at two sizes.
// Organizations with one deployment of five ready instances each are written straight to the log; the server is a process of its own on the
// same PostgreSQL, without agent and edge. Usage: ./bench scale [--full] [--small N] [--large N] [--seconds N] [--changes N] N:
// deployments, as many organizations, and five times as many instances. --full: 1,000 and 10,000.

if (args is ["--serve", var database, var folder])
{
    await ServedCloud.ServeAsync(database, folder);
    return;
}
var full = args.Contains("--full");
var (small, large) = (Option("--small", full ? 1_000 : 200), Option("--large", full ? 10_000 : 1_000));
var (idle, changes) = (TimeSpan.FromSeconds(Option("--seconds", full ? 60 : 10)), Option("--changes", full ? 1_000 : 200));
var home = Directory.CreateTempSubdirectory("strata-bench-").FullName;
var postgres = await PrivatePostgres.StartAsync(
    new PrivatePostgresOptions { Folder = home, ConnectionsMax = 100 }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance,
    CancellationToken.None);
try
{
    await using var store = await PostgresStore.OpenAsync(
        new PostgresOptions { ConnectionString = postgres.ConnectionString }, TimeProvider.System, NullLoggerFactory.Instance,
        CancellationToken.None);
    var filled = new FilledLog(store);
    var (few, many) = (await MeasureAsync(filled, small), await MeasureAsync(filled, large));
    Console.WriteLine(FormattableString.Invariant(
        $"a change costs {few.ChangeP50:0.0} ms (p50) among {small} deployments and {many.ChangeP50:0.0} ms among {large}: ratio {many.ChangeP50 / few.ChangeP50:0.00}"));
    (string Figure, double Ours, double Limit)[] figures =
    [
        ("idle-cores", many.Cores, 1), ("memory-gb", many.MemoryBytes / 1e9, 1), ("change-p99-ms", many.ChangeP99, 50),
        ("restart-s", many.RestartSeconds, 10),
    ];
    foreach (var (figure, ours, limit) in figures)
        Console.WriteLine(FormattableString.Invariant($"{figure}: {ours:0.000} of {limit}, ratio {ours / limit:0.00}"));
    var worst = figures.MaxBy(f => f.Ours / f.Limit);
    Console.WriteLine(FormattableString.Invariant(
        $"RESULT name=scale ours={worst.Ours:0.000} peer={worst.Limit} ratio={worst.Ours / worst.Limit:0.00} figure={worst.Figure} deployments={large}"));
}
finally
{
    await postgres.StopAsync(CancellationToken.None);
    Directory.Delete(home, recursive: true);
}

async Task<Measured> MeasureAsync(FilledLog filled, int deployments)
{
    await filled.FillAsync(deployments);
    // adopts the hosts, settles
    await using (var first = await ServedCloud.StartAsync(postgres, Path.Combine(home, "server"))) await filled.RestAsync();
    await using var cloud = await ServedCloud.StartAsync(postgres, Path.Combine(home, "server"));
    await filled.RestAsync();
    var (cores, databaseCores) = await cloud.IdleAsync(idle);
    var memory = cloud.MemoryBytes;
    var latencies = await filled.ChangeAsync(changes);
    var measured = new Measured(
        cores + databaseCores, memory, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)], cloud.StartSeconds);
    Console.WriteLine(FormattableString.Invariant(
        $"{deployments} deployments, {deployments * FilledLog.InstancesEach} instances: ready after {cloud.StartSeconds:0.0} s; idle {cores * 60:0.0} s of CPU a minute in the server and {databaseCores * 60:0.0} s in PostgreSQL; {memory / 1e6:0} MB; a change is answered after {measured.ChangeP50:0.0} ms (p50), {measured.ChangeP99:0.0} ms (p99)"));
    return measured;
}

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}

/// <param name="Cores">Of the server and PostgreSQL together, at rest.</param>
internal sealed record Measured(double Cores, long MemoryBytes, double ChangeP50, double ChangeP99, double RestartSeconds);
