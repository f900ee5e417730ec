using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Benchmarks;
using Strata.Telemetry;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// GET and POST of entities with telemetry on, as it is by default and scraped once a second, against the same with it off. Which of the
/// two is first changes with each round, and the result is the server's processor time: throughput varies more than what is looked for.
/// </summary>
internal static class TelemetryBenchmark
{
    private const int Entities = 20_000;
    private const string Path = "/api/entity/JSON/order/1";

    /// <summary>Until all of it is compiled.</summary>
    private const int WarmRuns = 5;

    private static readonly TimeSpan ScrapeEvery = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Cloud cloud, Settings settings)
    {
        await cloud.AddModelAsync("order", Documents.Order);
        var loaded = await Loaded.AddAsync(cloud, Entities);
        var scripts = new Dictionary<string, string> { ["get"] = cloud.PathOf("get.lua"), ["create"] = cloud.PathOf("create.lua") };
        await File.WriteAllTextAsync(scripts["get"], Scripts.Get(cloud.Token, loaded.Ids, ""));
        await File.WriteAllTextAsync(scripts["create"], Scripts.Create([cloud.Token], Path, Documents.Order));
        foreach (var (name, script) in scripts)
        {
            Task<WrkRun> RunAsync() => Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url);
            for (var run = 0; run < WarmRuns; run++) await RunAsync();
            await CompareAsync(name, RunAsync, cloud, settings);
        }
    }

    private static async Task CompareAsync(string name, Func<Task<WrkRun>> run, Cloud cloud, Settings settings)
    {
        var (on, off) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var isOn in (bool[])[round % 2 == 0, round % 2 != 0])
            {
                var (measured, cost) = await cloud.RestedAsync(isOn ? () => MeasuredAsync(run) : run, settings.Duration);
                (isOn ? on : off).Add(cost.Server);
                Say($"round {round}: {name} {(isOn ? "with" : "without")} telemetry {measured}; {cost}");
            }
        }
        Say($"RESULT name=telemetry-{name} ours={Median(on):0.0} peer={Median(off):0.0} ratio={Median(off) / Median(on):0.000}");
    }

    private static async Task<WrkRun> MeasuredAsync(Func<Task<WrkRun>> run)
    {
        var options = new TelemetryOptions { ServiceName = "strata-server", ServiceVersion = "0" };
        await using var telemetry = await StrataTelemetry.StartAsync(options, NullLoggerFactory.Instance, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var scraping = ScrapeAsync(telemetry, stop.Token);
        var result = await run();
        await stop.CancelAsync();
        await scraping;
        return result;
    }

    private static async Task ScrapeAsync(StrataTelemetry telemetry, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ScrapeEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) 
                await telemetry.WriteMetricsAsync(new DefaultHttpContext { Response = { Body = Stream.Null } });
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
