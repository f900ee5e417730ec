using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Benchmarks;
using Strata.Commit.Benchmarks;
using Strata.Entities.Log;
using Strata.Storage.Postgres;
using Strata.Storage.PrivateServer;

// Durable creates through the log against single-row prepared INSERTs by pgbench on the same PostgreSQL, in turns; then updates and reads.
// Usage: ./bench commit [--seconds N] [--rounds N] [--bytes N]
// or: ./bench commit --reads [--seconds N] [--rounds N] [--bytes N] [--entities N] [--cache MEGABYTES]: reads alone, with and without the
// memory of what was read lately, against a bare loop on the same PostgreSQL. --bytes: of a document; --entities: that are read, each with
// four revisions.

var duration = TimeSpan.FromSeconds(Option("--seconds", 4));
var rounds = Option("--rounds", 5);
var home = Directory.CreateTempSubdirectory("strata-bench-").FullName;
var server = await PrivatePostgres.StartAsync(
    new PrivatePostgresOptions { Folder = home, ConnectionsMax = 100 }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance,
    CancellationToken.None);
try
{
    await MeasureAsync();
}
finally
{
    await server.StopAsync(CancellationToken.None);
    Directory.Delete(home, recursive: true);
}

async Task MeasureAsync()
{
    await using var source = NpgsqlDataSource.Create(server.ConnectionString);
    await using var store = await OpenAsync(Option("--cache", 64));
    var entities = new Entities(store.Log, Option("--bytes", 150));
    var pgbench = new Pgbench(source, server.SocketFolder, new NpgsqlConnectionStringBuilder(server.ConnectionString).Password,
        Path.Combine(home, "insert.sql"), PgbenchWork.Insert);
    await pgbench.PrepareAsync();

    if (args.Contains("--reads"))
    {
        await using var plain = await OpenAsync(cacheMegabytes: 0);
        await entities.PrepareAsync(Option("--entities", 20_000), rounds: 4);
        await MeasureReadsAsync(entities, store.Log, plain.Log, new BareReads(source), new Cpu(server.ProcessId));
        return;
    }
    await Load.RunAsync(64, TimeSpan.FromSeconds(1), entities.CreateAsync); // warm
    var cpu = new Cpu(server.ProcessId);
    var (ours, peers) = (new List<Rate>(), new List<double>());
    for (var round = 1; round <= rounds; round++)
    {
        var before = cpu.Used();
        ours.Add(await RestedAsync(source, () => Load.RunAsync(64, duration, entities.CreateAsync)));
        var between = cpu.Used();
        peers.Add(await RestedAsync(source, () => pgbench.RunAsync(64, duration, entities.Document(round))));
        Say($"CPU per create: {Micros(before, between, ours[^1].PerSecond)}; per INSERT: {Micros(between, cpu.Used(), peers[^1])}");
        Say($"round {round}: creates by 64 producers {ours[^1]}; pgbench with 64 clients {peers[^1]:0}/s; ratio {ours[^1].PerSecond / peers[^1]:0.00}");
    }
    foreach (var producers in (int[])[1, 256])
        Say($"creates by {producers} producers: {await RestedAsync(source, () => Load.RunAsync(producers, duration, entities.CreateAsync))}");
    Say($"pgbench with 1 client: {await RestedAsync(source, () => pgbench.RunAsync(1, duration, entities.Document(1))):0}/s");

    await entities.PrepareAsync(20_000, rounds: 4);
    Say($"updates by 64 producers: {await RestedAsync(source, () => Load.RunAsync(64, duration, (w, n) => entities.UpdateAsync(w, n, 64)))}");
    await MeasureReadAsync("the latest", () => entities.ReadLatestAsync(store.Log), cpu, 64);
    await MeasureReadAsync("as of a time or revision", () => entities.ReadAsOfAsync(store.Log), cpu, 64);
    Say($"RESULT name=commit ours={Median(ours.Select(r => r.PerSecond)):0} peer={Median(peers):0} ratio={Median(ours.Select((r, i) => r.PerSecond / peers[i])):0.00}");
}

async Task MeasureReadsAsync(Entities entities, IEntityLog log, IEntityLog plain, BareReads bare, Cpu cpu)
{
    await bare.RunAsync(TimeSpan.FromSeconds(1)); // warm
    var (ours, limits) = (new List<double>(), new List<double>());
    for (var round = 1; round <= rounds; round++)
    {
        limits.Add(await bare.RunAsync(duration));
        Say($"round {round}: a bare loop reads {limits[^1]:0}/s");
        foreach (var readers in (int[])[64, 256])
        {
            var rate = await MeasureReadAsync("the latest", () => entities.ReadLatestAsync(log), cpu, readers);
            if (readers == 64) ours.Add(rate);
            await MeasureReadAsync("the latest, without the memory,", () => entities.ReadLatestAsync(plain), cpu, readers);
            await MeasureReadAsync("as of a time or revision", () => entities.ReadAsOfAsync(log), cpu, readers);
            await MeasureReadAsync("as of a time or revision, without the memory,", () => entities.ReadAsOfAsync(plain), cpu, readers);
        }
    }
    Say($"RESULT name=commit-reads ours={Median(ours):0} peer={Median(limits):0} ratio={Median(ours.Select((r, i) => r / limits[i])):0.00}");
}

async Task<double> MeasureReadAsync(string what, Func<ValueTask> read, Cpu cpu, int readers)
{
    await Load.RunAsync(readers, TimeSpan.FromSeconds(1), (_, _) => read()); // warm
    var before = cpu.Used();
    var rate = await Load.RunAsync(readers, duration, (_, _) => read());
    Say($"reads of {what} by {readers} readers: {rate}; CPU per read: {Micros(before, cpu.Used(), rate.PerSecond)}");
    return rate.PerSecond;
}

Task<PostgresStore> OpenAsync(int cacheMegabytes) => PostgresStore.OpenAsync(
    new PostgresOptions { ConnectionString = server.ConnectionString, RevisionCacheBytesMax = cacheMegabytes * 1024L * 1024 },
    TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

string Micros((double Program, double Database) before, (double Program, double Database) after, double perSecond)
{
    var count = perSecond * duration.TotalSeconds / 1e6;
    return FormattableString.Invariant(
        $"{(after.Program - before.Program) / count:0.0} µs in the client, {(after.Database - before.Database) / count:0.0} µs in PostgreSQL");
}

int Option(string name, int otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}

static async Task<T> RestedAsync<T>(NpgsqlDataSource source, Func<Task<T>> measure)
{
    await using var checkpoint = source.CreateCommand("checkpoint");
    await checkpoint.ExecuteNonQueryAsync();
    return await measure();
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

static void Say(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
