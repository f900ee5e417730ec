using Strata.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>A manual transition with a criterion and If-Match, against pgbench's UPDATE and INSERT in one transaction.</summary>
internal static class UpdateBenchmark
{
    public static async Task RunAsync(Cloud cloud, Settings settings)
    {
        await cloud.AddModelAsync("ticket", Documents.Order, Documents.Touching);
        var pgbench = new Pgbench(
            cloud.Source, cloud.SocketFolder, cloud.Password, cloud.PathOf("update.sql"), PgbenchWork.UpdateAndInsert);
        await pgbench.PrepareAsync();
        await MeasureAsync(cloud, settings.Duration); // warm
        var (ours, peers) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var (run, cost) = await MeasureAsync(cloud, settings.Duration);
            await cloud.RunSqlAsync("checkpoint");
            (ours, peers) = ([.. ours, run.PerSecond], [.. peers, await pgbench.RunAsync(Connections, settings.Duration, Documents.Order)]);
            Say($"round {round}: {run}; {cost}; pgbench {peers[^1]:0}/s; ratio {ours[^1] / peers[^1]:0.00}");
        }
        Result("entity-update", ours, peers);
    }

    private static async Task<(WrkRun Run, Cost Cost)> MeasureAsync(Cloud cloud, TimeSpan duration)
    {
        var created = await cloud.SendAsync(
            "POST", "/api/entity/JSON/ticket/1", $"[{string.Join(',', Enumerable.Repeat(Documents.Order, Connections))}]");
        var transaction = created[0].GetProperty("transactionId").GetString()!;
        var script = cloud.PathOf("update.lua");
        var entities = created[0].GetProperty("entityIds").EnumerateArray().Select(id => (id.GetString()!, transaction)).ToList();
        await File.WriteAllTextAsync(script, Scripts.Update(cloud.Token, entities, Documents.Order));
        return await cloud.RestedAsync(() => Wrk.RunAsync(script, Connections, Connections, duration, cloud.Url), duration);
    }
}
