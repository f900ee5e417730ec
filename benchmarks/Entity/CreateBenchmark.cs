using Strata.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// POST of one document to a locked model with the built-in workflow, against pgbench's INSERT of the same document with two indexes.
/// </summary>
internal static class CreateBenchmark
{
    internal const string Path = "/api/entity/JSON/order/1";

    public static async Task RunAsync(Cloud cloud, Settings settings)
    {
        await cloud.AddModelAsync("order", Documents.Order);
        var pgbench = new Pgbench(cloud.Source, cloud.SocketFolder, cloud.Password, cloud.PathOf("insert.sql"), PgbenchWork.Insert);
        await pgbench.PrepareAsync();
        var script = await WriteAsync(cloud, [cloud.Token]);
        await Wrk.RunAsync(script, 2, Connections, settings.Duration * 2, cloud.Url); // until the code that is hot has been compiled for it

        var (ours, peers) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var (run, cost) = await cloud.RestedAsync(
                () => Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url), settings.Duration);
            await cloud.RunSqlAsync("checkpoint");
            (ours, peers) = ([.. ours, run.PerSecond], [.. peers, await pgbench.RunAsync(Connections, settings.Duration, Documents.Order)]);
            Say($"round {round}: 64 connections {run}; {cost}; pgbench with 64 clients {peers[^1]:0}/s; ratio {ours[^1] / peers[^1]:0.00}");
        }
        Say($"256 connections: {(await cloud.RestedAsync(() => Wrk.RunAsync(script, 2, 256, settings.Duration, cloud.Url), settings.Duration)).Run}");
        Say($"1 connection: {(await cloud.RestedAsync(() => Wrk.RunAsync(script, 1, 1, settings.Duration, cloud.Url), settings.Duration)).Run}");
        foreach (var tenants in (int[])[10, 1000]) await GrowAsync(cloud, settings, tenants);
        Result("entity-create", ours, peers);
    }

    /// <summary>The same load spread over many organizations.</summary>
    private static async Task GrowAsync(Cloud cloud, Settings settings, int tenants)
    {
        var tokens = await Tenants.AddAsync(cloud, tenants, Documents.Order);
        var script = await WriteAsync(cloud, tokens);
        await Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url); // every tenant's token and model met once
        var (run, cost) = await cloud.RestedAsync(
            () => Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url), settings.Duration);
        Say($"{tenants} tenants: {run}; {cost}");
    }

    private static async Task<string> WriteAsync(Cloud cloud, IReadOnlyList<string> tokens)
    {
        var script = cloud.PathOf($"create-{tokens.Count}.lua");
        await File.WriteAllTextAsync(script, Scripts.Create(tokens, Path, Documents.Order));
        return script;
    }
}
