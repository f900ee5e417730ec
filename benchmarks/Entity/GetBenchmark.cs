using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// GET of one entity of many, now and as of a time, against a bare endpoint that answers the same bytes; then with a large log.
/// </summary>
internal static class GetBenchmark
{
    private const int Small = 100_000;

    public static async Task RunAsync(Cloud cloud, Settings settings)
    {
        await cloud.AddModelAsync("order", Documents.Order);
        var few = await Loaded.AddAsync(cloud, Small);
        await using var bare = await StartBareAsync(await cloud.Http.GetByteArrayAsync($"/api/entity/{few.Ids[0]}"));
        var (latest, past, limit) = (
            await WriteAsync(cloud, few, asOf: false), await WriteAsync(cloud, few, asOf: true), bare.Urls.First());
        // Warm: the runtime compiles hot code once more after some seconds of load, and the first round would pay for it.
        for (var i = 0; i < 3; i++)
        {
            foreach (var script in (string[])[latest, past]) await Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url);
        }

        var (ours, then, peers) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var (now, nowCost) = await cloud.RestedAsync(
                () => Wrk.RunAsync(latest, 2, Connections, settings.Duration, cloud.Url), settings.Duration);
            var (before, beforeCost) = await cloud.RestedAsync(
                () => Wrk.RunAsync(past, 2, Connections, settings.Duration, cloud.Url), settings.Duration);
            var peer = await Wrk.RunAsync(latest, 2, Connections, settings.Duration, limit);
            (ours, then, peers) = ([.. ours, now.PerSecond], [.. then, before.PerSecond], [.. peers, peer.PerSecond]);
            Say($"round {round}: latest {now}; {nowCost}; as of a time {before}; {beforeCost}; bare endpoint {peer}");
        }
        if (settings.Revisions > Small) await GrowAsync(cloud, settings, Median(ours), Median(then));
        Result("entity-get-past", then, ours);
        Result("entity-get", ours, peers);
    }

    private static async Task GrowAsync(Cloud cloud, Settings settings, double latest, double past)
    {
        var many = await Loaded.AddAsync(cloud, settings.Revisions);
        foreach (var (name, asOf, small) in (ReadOnlySpan<(string, bool, double)>)[("latest", false, latest), ("as of a time", true, past)])
            Say($"{name}: {small:0}/s with {Small} revisions");
        var now = await Wrk.RunAsync(await WriteAsync(cloud, many, asOf: false), 2, Connections, settings.Duration, cloud.Url);
        var then = await Wrk.RunAsync(await WriteAsync(cloud, many, asOf: true), 2, Connections, settings.Duration, cloud.Url);
        Say($"with {settings.Revisions} revisions: latest {now}, {now.PerSecond / latest:0.00} of the small log's; as of a time {then}, {then.PerSecond / past:0.00}");
    }

    private static async Task<string> WriteAsync(Cloud cloud, Loaded loaded, bool asOf)
    {
        var script = cloud.PathOf($"get-{loaded.Revisions}-{asOf}.lua");
        var suffix = asOf
            ? "?pointInTime=" + loaded.Between.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) : "";
        await File.WriteAllTextAsync(script, Scripts.Get(cloud.Token, loaded.Ids, suffix));
        return script;
    }

    private static async Task<WebApplication> StartBareAsync(byte[] answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(o => o.AddServerHeader = false);
        var app = builder.Build();
        app.Run(http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            return http.Response.Body.WriteAsync(answer, 0, answer.Length);
        });
        await app.StartAsync();
        return app;
    }
}
