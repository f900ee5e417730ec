using System.Diagnostics;
using Microsoft.IdentityModel.Tokens;
using Strata.Benchmarks;
using Strata.Entity.Benchmarks;
using Strata.SignIn.Benchmarks;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>A cloud with some organizations, and a hundred people and clients who use it, spread over all of those.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private const int Callers = 100;
    private const int Connections = 16;
    private const int AtOnce = 2; // as the cloud hashes passwords
    private const double IdleShare = 0.05; // of one core

    /// <summary>Longer than the pause before the server looks through all people.</summary>
    private static readonly TimeSpan IdleLook = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan IdleWaitMax = TimeSpan.FromMinutes(10);

    private readonly Cloud cloud;
    private readonly People people;

    private Crowd(Cloud cloud, TimeSpan fillTook) => (this.cloud, people, FillTook) = (cloud, new People(cloud, "caller"), fillTook);

    /// <summary>Each returns what one operation costs. That of the server has the program that signs in, too.</summary>
    public static IReadOnlyList<(string What, Func<Crowd, TimeSpan, Task<Cost>> Run)> Operations { get; } =
    [
        ("sign-in", (crowd, duration) => crowd.SignInAsync(duration)),
        ("token request (ES256)", (crowd, duration) => crowd.WrkAsync("issue.lua", duration)),
        ("check of a token", (crowd, duration) => crowd.WrkAsync("check.lua", duration)),
    ];

    public TimeSpan FillTook { get; }

    /// <summary>
    /// How long the database has worked after the start: the server lists what it keeps in memory, and looks through all people once.
    /// </summary>
    public TimeSpan IdleAfter { get; private init; }

    public static async Task<Crowd> StartAsync(int organizations)
    {
        var took = TimeSpan.Zero;
        var cloud = await Cloud.StartAsync(async connectionString =>
        {
            var start = Stopwatch.GetTimestamp();
            await FilledOrganizations.FillAsync(connectionString, organizations);
            took = Stopwatch.GetElapsedTime(start);
        });
        // Now, and not while something is measured: that would be what the filling costs.
        foreach (var sql in (string[])["vacuum analyze", "alter system set autovacuum = off", "select pg_reload_conf()"])
            await cloud.RunSqlAsync(sql);
        var crowd = new Crowd(cloud, took) { IdleAfter = await WhenIdleAsync(cloud) };
        var clients = new List<Client>();
        for (var i = 0; i < Callers; i++)
        {
            var organization = FilledOrganizations.NameOf((int)((long)i * organizations / Callers));
            await crowd.people.AddAsync(organization);
            clients.Add(await Client.CreateAsync(cloud, SecurityAlgorithms.EcdsaSha256, organization));
        }
        var tokens = new List<string>();
        foreach (var client in clients) tokens.Add(await client.TokenAsync(cloud));
        await File.WriteAllTextAsync(cloud.PathOf("issue.lua"), Client.Script(clients));
        await File.WriteAllTextAsync(cloud.PathOf("check.lua"), Scripts.Check(tokens));
        return crowd;
    }

    private static async Task<TimeSpan> WhenIdleAsync(Cloud cloud)
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            var before = cloud.Cpu.Used().Database;
            await Task.Delay(IdleLook);
            if (cloud.Cpu.Used().Database - before < IdleLook.TotalSeconds * IdleShare || Stopwatch.GetElapsedTime(start) > IdleWaitMax)
                return Stopwatch.GetElapsedTime(start);
        }
    }

    public async Task WarmAsync()
    {
        foreach (var (_, run) in Operations) await run(this, TimeSpan.FromSeconds(2));
    }

    public async ValueTask DisposeAsync()
    {
        people.Dispose();
        await cloud.DisposeAsync();
    }

    private async Task<Cost> SignInAsync(TimeSpan duration)
    {
        await cloud.RunSqlAsync("checkpoint");
        var (before, done) = (cloud.Cpu.Used(), 0);
        await Load.RunAsync(AtOnce, duration, (_, _) =>
        {
            Interlocked.Increment(ref done);
            return people.SignInAsync();
        });
        var after = cloud.Cpu.Used();
        return new Cost((after.Program - before.Program) * 1e6 / done, (after.Database - before.Database) * 1e6 / done);
    }

    private async Task<Cost> WrkAsync(string script, TimeSpan duration)
    {
        var (run, cost) = await cloud.RestedAsync(
            () => Wrk.RunAsync(cloud.PathOf(script), 2, Connections, duration, cloud.Url), duration);
        return run.Failed == 0 ? cost : throw new InvalidOperationException($"{script}: {run}");
    }
}
