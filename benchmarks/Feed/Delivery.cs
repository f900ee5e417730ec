using System.Diagnostics;
using System.Globalization;
using Strata.Entity.Benchmarks;

namespace Strata.Feed.Benchmarks;

internal sealed record Latencies(int Followers, int Commits, double P50, double P99)
{
    public override string ToString() =>
        FormattableString.Invariant($"{Commits} commits to {Followers} followers, p50 {P50:0.00} ms, p99 {P99:0.00} ms");
}

/// <summary>
/// How long a commit takes to reach followers that wait, the commit itself included: each entity carries the time at which its creation was
/// begun.
/// </summary>
internal static class Delivery
{
    public static async Task<Latencies> RunAsync(Cloud cloud, int followers, int perSecond, TimeSpan duration)
    {
        var commits = (int)(perSecond * duration.TotalSeconds);
        using var http = cloud.Client(cloud.Token);
        var ready = new CountdownEvent(followers);
        var following = Enumerable.Range(0, followers).Select(_ => FollowAsync(http, commits, ready)).ToList();
        await Task.Run(ready.Wait);
        var pause = TimeSpan.FromSeconds(1.0 / perSecond);
        for (var i = 0; i < commits; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await cloud.SendAsync("POST", "/api/entity/JSON/order/1", Document(begun));
            if (Stopwatch.GetElapsedTime(begun) is var taken && taken < pause) await Task.Delay(pause - taken);
        }
        var all = (await Task.WhenAll(following)).SelectMany(t => t).Order().ToArray();
        return new Latencies(followers, commits, all[all.Length / 2], all[(int)(all.Length * 0.99)]);
    }

    private static async Task<List<double>> FollowAsync(HttpClient http, int count, CountdownEvent ready)
    {
        using var answer = await http.GetAsync("/api/entity/feed?follow=true", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await lines.ReadLineAsync(); // the first heartbeat: it follows now
        ready.Signal();
        var taken = new List<double>(count);
        while (taken.Count < count && await lines.ReadLineAsync() is { } line)
        {
            var at = line.IndexOf("\"note\":", StringComparison.Ordinal);
            if (at < 0) continue;
            var first = line.IndexOf('"', at + 7) + 1;
            var begun = long.Parse(line.AsSpan(first, line.IndexOf('"', first) - first), NumberStyles.None, CultureInfo.InvariantCulture);
            taken.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        return taken;
    }

    private static string Document(long begun) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"number":"ORD-1","customer":"Jane Example","city":"Springfield","total":129.95,"currency":"EUR","lines":3,"paid":true,"note":"{{begun}}"}""");
}
