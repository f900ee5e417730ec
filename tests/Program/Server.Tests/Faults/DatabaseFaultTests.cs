using System.Collections.Concurrent;
using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// The private PostgreSQL is killed or stalls under load: the cloud recovers by itself, says so meanwhile, and loses nothing that was
/// acknowledged.
/// </summary>
public sealed class DatabaseFaultTests
{
    [Fact]
    public async Task KilledPostmaster_UnderWrites_IsStartedAgain_AndNothingAcknowledgedIsLost()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        using var writes = new Writes(cloud);
        for (var round = 1; round <= 2; round++)
        {
            await writes.SomeMoreAsync(50);
            PostgresProcesses.Signal(PostgresProcesses.Postmaster(cloud), "KILL");
            await writes.SomeMoreAsync(50); // it answers again, and by itself
        }
        var acknowledged = await writes.StopAsync();
        foreach (var name in acknowledged) Assert.NotNull(await cloud.Client.Resources("projects").FindAsync(name));
        Assert.All(writes.Refusals, code => Assert.Contains(code, new[] { "STORAGE_UNAVAILABLE", "STORAGE_BUSY", "OUTCOME_UNKNOWN" }));
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "status says that all is well");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task StalledPostgres_IsSaidByStatusAndDoctor_AndGoesOnAfterwards()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        var all = PostgresProcesses.Of(cloud);
        foreach (var pid in all) PostgresProcesses.Signal(pid, "STOP");
        try
        {
            await Wait.UntilAsync(
                async () => await cloud.RunAsync("status") is { ExitCode: 1 } status
                    && status.Output.Contains("does not answer"), "status says so");
            var doctor = await cloud.RunAsync("doctor");
            Assert.Contains("the database does not answer", doctor.Output);
        }
        finally
        {
            foreach (var pid in all) PostgresProcesses.Signal(pid, "CONT");
        }
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "it is well again");
        await cloud.Client.Resources("projects").CreateAsync(Writes.Project("after-the-stall"));
    }

    [Fact]
    public async Task KilledServer_IsStartedAgainByItsWatchdog_AndDownStopsBoth()
    {
        await using var cloud = new Cloud();
        (await cloud.RunAsync("up", "-d", "--api-port", $"{cloud.ApiPort}", "--http-port", $"{cloud.HttpPort}")).ShouldSucceed();
        var first = cloud.Pid;
        await cloud.KillAsync();
        await Wait.UntilAsync(() => cloud.Pid is { } pid && pid != first, "another server runs");
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "it is well");
        (await cloud.RunAsync("down", "--all")).ShouldSucceed();
        Assert.Null(cloud.Pid);
        Assert.False(File.Exists(Path.Combine(cloud.Home, "run", "watch.pid")));
    }

    /// <summary>
    /// Half a minute to repair itself and a minute to leave: RepairTests of the command line shows the same with a clock of its own.
    /// </summary>
    [Fact, Trait("Duration", "Long")]
    public async Task Up_WhereTheServerHangs_ReplacesIt()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        var hung = cloud.Pid!.Value;
        PostgresProcesses.Signal(hung, "STOP");
        var up = (await cloud.UpAsync()).ShouldSucceed();
        Assert.Contains("does not answer", up.Error + up.Output);
        Assert.NotEqual(hung, cloud.Pid);
        (await cloud.RunAsync("status")).ShouldSucceed();
    }

    /// <summary>Creates projects one after the other from a few clients, and notes which were acknowledged.</summary>
    private sealed class Writes : IDisposable
    {
        private const int Clients = 4;

        private readonly Cloud cloud;
        private readonly CancellationTokenSource stop = new();
        private readonly ConcurrentBag<string> acknowledged = [];
        private readonly ConcurrentDictionary<string, int> refusals = new();
        private readonly Task all;
        private int number;

        public Writes(Cloud cloud)
        {
            this.cloud = cloud;
            all = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(WriteAsync)));
        }

        public IEnumerable<string> Refusals => refusals.Keys;

        public static NewResource<JsonElement> Project(string name) => new() { Name = name, Spec = JsonElement.Parse("{}") };

        public Task SomeMoreAsync(int count)
        {
            var before = acknowledged.Count;
            return Wait.UntilAsync(
                () => acknowledged.Count >= before + count, $"{count} more are acknowledged; refused: {string.Join(", ", refusals)}", 180);
        }

        public async Task<IReadOnlyCollection<string>> StopAsync()
        {
            await stop.CancelAsync();
            await all;
            return acknowledged;
        }

        public void Dispose()
        {
            stop.Cancel();
            stop.Dispose();
        }

        private async Task WriteAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                var name = $"p{Interlocked.Increment(ref number)}";
                try
                {
                    await cloud.Client.Resources("projects").CreateAsync(Project(name));
                    acknowledged.Add(name);
                }
                catch (StrataException e)
                {
                    refusals.AddOrUpdate(e.Error.Code, 1, (_, count) => count + 1);
                    await Task.Delay(50);
                }
            }
        }
    }
}
