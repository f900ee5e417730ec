using System.Globalization;
using Strata.Entity.Benchmarks;

// The entity API over HTTP, the load made by wrk on the same machine, PostgreSQL with fsync.
// Usage: ./bench entity-authz | entity-create | entity-get | entity-update | entity-telemetry [--seconds N] [--rounds N] [--revisions N]

var settings = new Settings(TimeSpan.FromSeconds(Option("--seconds", 5)), Option("--rounds", 5), Option("--revisions", 10_000_000));
await using var cloud = await Cloud.StartAsync();
switch (args is [var name, ..] ? name : "")
{
    case "create":
        await CreateBenchmark.RunAsync(cloud, settings);
        break;
    case "authz":
        await AuthzBenchmark.RunAsync(cloud, settings);
        break;
    case "get":
        await GetBenchmark.RunAsync(cloud, settings);
        break;
    case "update":
        await UpdateBenchmark.RunAsync(cloud, settings);
        break;
    case "telemetry":
        await TelemetryBenchmark.RunAsync(cloud, settings);
        break;
    default:
        Console.Error.WriteLine(
            "usage: ./bench entity-authz | entity-create | entity-get | entity-update | entity-telemetry [--seconds N] [--rounds N] [--revisions N]");
        return 2;
}
return 0;

int Option(string option, int otherwise)
{
    var at = Array.IndexOf(args, option);
    return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
