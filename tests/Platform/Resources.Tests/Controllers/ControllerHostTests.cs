using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Tests.Support;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Controllers;

public class ControllerHostTests
{
    private readonly MemoryLeases leases = new(TimeProvider.System);

    [Fact]
    public async Task Run_WhatIsThereAndWhatComes_IsLookedAt()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("before");
        var controller = new LampController(Nothing);
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.CountOf("before") > 0, "the first list");
        await cloud.AddLampAsync("after");
        await Wait.UntilAsync(() => controller.CountOf("after") > 0, "the signal");
        var health = host.GetRequiredService<IControllerReports>().Report()[0];
        Assert.Equal(("lamps", true, 0, null), (health.Name, health.IsActive, health.Failing, health.LastError));
    }

    [Fact]
    public async Task Run_EachPeriod_LooksAtAllAgain()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var controller = new LampController(Nothing) { LookEvery = TimeSpan.FromMilliseconds(50) };
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.CountOf("desk") >= 3, "the period");
    }

    [Fact]
    public async Task Run_LookAgain_IsKept()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var controller = new LampController((_, _) => Task.FromResult<TimeSpan?>(TimeSpan.FromMilliseconds(20)));
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.CountOf("desk") >= 3, "looking again");
    }

    [Fact]
    public async Task Run_AFailure_IsTriedAgainAndTold_AndOthersGoOn()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("bad");
        var mended = false;
        var controller = new LampController((lamp, _) =>
            lamp.Name == "bad" && !Volatile.Read(ref mended)
                ? throw new IOException("The bulb is gone.") : Task.FromResult<TimeSpan?>(null));
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.CountOf("bad") >= 2, "the second try");
        Assert.Equal("The bulb is gone", host.GetRequiredService<IControllerReports>().Report()[0].LastError);
        await cloud.AddLampAsync("good");
        await Wait.UntilAsync(() => controller.CountOf("good") > 0, "the other one");
        Volatile.Write(ref mended, true);
        await Wait.UntilAsync(() => host.GetRequiredService<IControllerReports>().Report()[0].Failing == 0, "mended");
    }

    /// <summary>Its write has taken effect, and nothing has reported that: a look at what was before would do it a second time.</summary>
    [Fact]
    public async Task Run_AfterAFailure_TheNextLookSeesWhatTheFailedOneHasWritten()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var seen = new ConcurrentQueue<int>();
        var controller = new LampController(async (lamp, _) =>
        {
            seen.Enqueue(lamp.Status.Hours);
            if (seen.Count > 1) return null;
            cloud.Log.LosesWakes = true;
            await cloud.SetHoursAsync(lamp.Name, 7, actor: "controller:lamps");
            throw new InvalidOperationException("The answer was lost.");
        });
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => seen.Count >= 2, "the second try");
        Assert.Equal([0, 7], seen.Take(2));
    }

    [Fact]
    public async Task Run_OwnWritesInAFailure_DoNotCutTheBackOffShort()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var (time, seen, tries) = (new StoppedClock(), new ConcurrentBag<string>(), 0);
        var controller = new LampController(async (lamp, _) =>
        {
            seen.Add(lamp.Name);
            if (lamp.Name != "desk") return null;
            await cloud.SetHoursAsync(lamp.Name, Interlocked.Increment(ref tries), actor: "controller:lamps");
            throw new InvalidOperationException("Again.");
        });
        await using var host = await StartAsync(cloud, controller, time: time);
        for (var failures = 1; failures <= 2; failures++)
        {
            await Wait.UntilAsync(() => tries == failures, $"try {failures}");
            await cloud.AddLampAsync($"later-{failures}");
            await Wait.UntilAsync(() => seen.Contains($"later-{failures}"), "a later change is seen, and so the controller's own was");
            Assert.Equal(failures, tries);
            await Wait.UntilAsync(() =>
            {
                if (tries == failures) time.Advance(BackOff.DelayAfter(failures, 1)); // again where it came before the failure was noted
                return tries > failures;
            }, "the pause is over");
        }
    }

    [Fact]
    public async Task Run_ManySignals_NeverTwiceAtOnceAndNeverTooMany()
    {
        await using var cloud = await TestCloud.StartAsync();
        for (var i = 0; i < 8; i++) await cloud.AddLampAsync($"lamp-{i}");
        var controller = new LampController(async (_, ct) =>
        {
            await Task.Delay(1, ct);
            return null;
        });
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.Looks.Distinct().Count() == 8, "the first list"); // or signals and list could be one look
        await Parallel.ForAsync(0, 100, async (i, _) => await cloud.SetHoursAsync($"lamp-{i % 8}", i));
        await Wait.UntilAsync(() => Enumerable.Range(0, 8).All(i => controller.CountOf($"lamp-{i}") > 1), "all looked at again");
        Assert.Empty(controller.LookedAtTwiceAtOnce);
        Assert.InRange(controller.MostAtOnce, 1, controller.Parallelism);
    }

    [Fact]
    public async Task Run_TwoServers_OneWorks_AndTheOtherTakesOver()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        LampController first = new(Nothing), second = new(Nothing);
        var one = await StartAsync(cloud, first);
        await Wait.UntilAsync(() => first.CountOf("desk") == 1, "the first server works");
        await using var two = await StartAsync(cloud, second);
        await cloud.SetHoursAsync("desk", 1);
        await Wait.UntilAsync(() => first.CountOf("desk") == 2, "the first server goes on");
        Assert.Empty(second.Looks);
        await StopAsync(one);
        await one.DisposeAsync();
        await Wait.UntilAsync(() => second.CountOf("desk") > 0, "the second server takes over");
        Assert.Equal(2, first.CountOf("desk"));
    }

    [Fact]
    public async Task Run_LeaseLost_StopsTheWork()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var stopped = new TaskCompletionSource();
        var controller = new LampController(async (_, ct) =>
        {
            using var registration = ct.Register(() => stopped.TrySetResult());
            await Task.Delay(Timeout.Infinite, ct);
            return null;
        });
        var stealable = new StealableLeases(leases);
        await using var host = await StartAsync(cloud, controller, stealable);
        await Wait.UntilAsync(() => !controller.Looks.IsEmpty, "it works");
        stealable.IsStolen = true;
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Wait.UntilAsync(() => !host.GetRequiredService<IControllerReports>().Report()[0].IsActive, "it is at rest");
        stealable.IsStolen = false;
        await Wait.UntilAsync(() => controller.CountOf("desk") >= 2, "it has the lease again");
    }

    [Fact]
    public async Task Run_ALookThatOutlivesItsTerm_CannotWrite()
    {
        await using var cloud = await TestCloud.StartAsync(leases: leases);
        await cloud.AddLampAsync("desk");
        var outcomes = new List<string?>();
        var written = new TaskCompletionSource();
        LampController controller = null!;
        controller = new LampController(async (lamp, ct) =>
        {
            if (outcomes.Count > 0) return null;
            var caller = controller.CallerOf(cloud.Caller.Tenant);
            await WriteAsync(1);
            await leases.TakeOverAsync("controller/lamps", "another server", TimeSpan.FromMinutes(10), default);
            await WriteAsync(2); // it does not look at its token
            written.SetResult();
            return null;

            async Task WriteAsync(int hours) => outcomes.Add(
                (await cloud.Lamps.ChangeAsync(
                    caller, lamp.Id, now => now with { Status = now.Status with { Hours = hours } }, null, null, default)).Error?.Code);
        });
        await using var host = await StartAsync(cloud, controller);
        await written.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal([null, "LEASE_LOST"], outcomes);
        Assert.Equal(1, (await cloud.Lamps.GetAsync(cloud.Caller, "desk", AsOf.Latest, default)).Value.Status.Hours);
    }

    [Fact]
    public async Task Run_StorageAway_RestsAndGoesOn()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var controller = new LampController(Nothing) { LookEvery = TimeSpan.FromMilliseconds(50) };
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => controller.CountOf("desk") > 0, "it works");
        cloud.Log.IsAway = true;
        await cloud.AwayForAMomentAsync();
        var seen = controller.CountOf("desk");
        cloud.Log.IsAway = false;
        await Wait.UntilAsync(() => controller.CountOf("desk") > seen, "it goes on");
    }

    [Fact]
    public async Task Stop_ALookThatHangs_IsCancelled()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var controller = new LampController(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return null;
        });
        await using var host = await StartAsync(cloud, controller);
        await Wait.UntilAsync(() => !controller.Looks.IsEmpty, "it works");
        await StopAsync(host).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(await leases.HolderAsync("controller/lamps", default));
    }

    private static Task<TimeSpan?> Nothing(Resource<LampSpec, LampStatus> lamp, CancellationToken cancellationToken) =>
        Task.FromResult<TimeSpan?>(null);

    private async Task<ServiceProvider> StartAsync(
        TestCloud cloud, LampController controller, ILeases? held = null, TimeProvider? time = null)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(time ?? TimeProvider.System).AddSingleton<IEntityLog>(cloud.Log)
            .AddSingleton(held ?? leases).AddSingleton(cloud.Lamps);
        services.AddController<LampController, LampSpec, LampStatus>();
        services.AddSingleton(controller);
        var provider = services.BuildServiceProvider();
        foreach (var part in provider.GetServices<IHostedService>()) await part.StartAsync(default);
        return provider;
    }

    /// <summary>What is due waits until the test moves the clock; timers run as always.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        private long ticks = DateTimeOffset.UnixEpoch.Ticks;

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

        public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
    }

    private static async Task StopAsync(ServiceProvider host)
    {
        foreach (var part in host.GetServices<IHostedService>().Reverse()) await part.StopAsync(default);
    }

    /// <summary>Leases that someone else may take from their holder.</summary>
    private sealed class StealableLeases(ILeases inner) : ILeases
    {
        public volatile bool IsStolen;

        public async ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken) =>
            !IsStolen && await inner.RenewAsync(name, epoch, duration, cancellationToken);

        public async ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
            IsStolen ? null : await inner.TryHoldAsync(name, holder, duration, cancellationToken);

        public ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
            inner.TakeOverAsync(name, holder, duration, cancellationToken);

        public ValueTask<long?> TryTakeOverAsync(
            string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken) =>
            inner.TryTakeOverAsync(name, holder, from, duration, cancellationToken);

        public ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken) =>
            inner.ReleaseAsync(name, epoch, cancellationToken);

        public ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken) =>
            inner.ReleaseAllAsync(prefix, cancellationToken);

        public ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken) =>
            inner.HolderAsync(name, cancellationToken);
    }
}
