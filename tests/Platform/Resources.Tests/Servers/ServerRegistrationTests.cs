using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Resources.Servers;
using Strata.Resources.Tests.Support;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Servers;

public sealed class ServerRegistrationTests : IAsyncDisposable
{
    /// <summary>The lease's deadline and renewal, and the pause until the next look at the resource.</summary>
    private const int TimersWhileHeld = 3;

    private static readonly Caller Reader = new(TenantId.Platform, "user:test");

    private readonly FakeTime time = new();
    private readonly MemoryLeases leases;
    private readonly FaultyLog log;
    private readonly ResourceStore<ServerSpec, ServerPresence> servers;
    private readonly ServerSelf self;
    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);
    private readonly Host host = new();
    private readonly ServerRegistration registration;

    public ServerRegistrationTests()
    {
        leases = new MemoryLeases(time);
        log = new FaultyLog(new MemoryLog(time, leases));
        var engine = new EntityEngine(log, new StaticDefinitions([ServerKind.Kind.Definition]), new InProcessComputation([], []), time);
        servers = new ResourceStore<ServerSpec, ServerPresence>(engine, ServerKind.Kind, time);
        self = new ServerSelf("one", "one", new Uri("http://127.0.0.1:1"), "1", time.GetUtcNow()) { Place = "here" };
        registration = new ServerRegistration(
            self, servers, leases, host, time, supervisor, NullLogger<ServerRegistration>.Instance);
    }

    public async ValueTask DisposeAsync() => await registration.StopAsync(default);

    [Fact]
    public async Task ReadsThatFail_AreTriedAgain_UnderTheSameLease()
    {
        await registration.StartAsync(default);
        await HeldAsync();
        var holder = await HolderAsync();
        Assert.NotNull(holder);

        log.IsAway = true;
        var refused = log.Refused;
        for (var second = 0; second < 90 && log.Refused < refused + 5; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await HeldAsync();
            Assert.Equal(holder, await HolderAsync());
        }
        Assert.True(log.Refused >= refused + 5);
        Assert.True(IsFailing);

        log.IsAway = false;
        for (var second = 0; second < 3; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await HeldAsync();
        }
        Assert.False(IsFailing);
        var server = (await servers.GetAsync(Reader, self.Name, AsOf.Latest, default)).Value;
        Assert.Equal((ServerStates.Up, holder), (server.State, await HolderAsync()));
    }

    [Fact]
    public async Task FirstWriteThatFails_IsTriedAgain_UnderTheSameLease()
    {
        log.IsAway = true;
        await registration.StartAsync(default);
        await HeldAsync();
        var holder = await HolderAsync();
        log.IsAway = false;
        time.Advance(TimeSpan.FromSeconds(2));
        await HeldAsync();
        var server = (await servers.GetAsync(Reader, self.Name, AsOf.Latest, default)).Value;
        Assert.Equal((ServerStates.Up, "http://127.0.0.1:1", holder), (server.State, server.Status.Address, await HolderAsync()));
    }

    /// <summary>As when a copy of its folder was started during an outage that only this server saw.</summary>
    [Theory]
    [InlineData("copy/1", true)]
    [InlineData("here/of an earlier life", false)]
    public async Task Server_WhoseIdAnotherPlaceHasTaken_Stops(string holder, bool stops)
    {
        await registration.StartAsync(default);
        await HeldAsync();
        await leases.TakeOverAsync(LeaseName, holder, TimeSpan.FromHours(1), default);
        await Wait.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return stops ? host.HasStopped : IsFailing;
        }, "it finds out");
        Assert.Equal(stops, host.HasStopped);
    }

    [Fact]
    public async Task Claim_OfACopiedFolder_WhoseOriginalRuns_IsRefused_AndTheOriginalStays()
    {
        await registration.StartAsync(default);
        await HeldAsync();
        var holder = await HolderAsync();
        await using var claim = new ServerIdClaim(self with { Place = "copy" }, leases, time);
        var notices = 0;
        var taken = claim.TakeAsync(isAlone: false, () => notices++, default);
        await AdvanceUntilDoneAsync(taken, TimersWhileHeld);
        var error = (await taken).Error;
        Assert.Equal(("SERVER_ID_IN_USE", 1), (error?.Code, notices));
        Assert.Contains("delete server.id", error?.NextStep);
        var server = (await servers.GetAsync(Reader, self.Name, AsOf.Latest, default)).Value;
        Assert.Equal((ServerStates.Up, holder), (server.State, await HolderAsync()));
        Assert.False(IsFailing);
    }

    [Fact]
    public async Task Claim_OfAMovedFolder_WhoseFormerServerWasKilled_WaitsForItsLease()
    {
        await leases.TryHoldAsync(LeaseName, "former place/1", TimeSpan.FromSeconds(15), default);
        await using var claim = new ServerIdClaim(self, leases, time);
        var taken = claim.TakeAsync(isAlone: false, () => { }, default);
        Assert.False(taken.IsCompleted);
        await AdvanceUntilDoneAsync(taken, 0);
        Assert.True((await taken).IsOk);
        Assert.StartsWith(self.Place + "/", await HolderAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("here/1", false)]
    [InlineData("former place/1", true)]
    public async Task Claim_WhereTheHolderIsDead_TakesOverAtOnce(string holder, bool isAlone)
    {
        await leases.TryHoldAsync(LeaseName, holder, TimeSpan.FromSeconds(15), default);
        await using var claim = new ServerIdClaim(self, leases, time);
        Assert.True((await claim.TakeAsync(isAlone, () => Assert.Fail("It waits."), default)).IsOk);
    }

    [Fact]
    public async Task Registration_GoesOnWithTheLeaseOfTheClaim()
    {
        var claim = new ServerIdClaim(self, leases, time);
        Assert.True((await claim.TakeAsync(isAlone: false, () => { }, default)).IsOk);
        await registration.StartAsync(default);
        await Wait.UntilAsync(
            async () => await servers.GetAsync(Reader, self.Name, AsOf.Latest, default) is { IsOk: true, Value.State: ServerStates.Up },
            "it is registered");
        var holder = await HolderAsync();
        await claim.DisposeAsync();
        Assert.NotNull(holder);
        Assert.Equal(holder, await HolderAsync());
        Assert.False(IsFailing);
    }

    [Fact]
    public async Task Registration_WhereAnotherPlaceHoldsTheLease_WaitsUntilItIsFree()
    {
        await leases.TryHoldAsync(LeaseName, "copy/1", TimeSpan.FromSeconds(15), default);
        await registration.StartAsync(default);
        await Wait.UntilAsync(() => IsFailing && time.Waiting == 1, "it reports the other process");
        Assert.Equal("copy/1", await HolderAsync());
        time.Advance(TimeSpan.FromSeconds(16));
        await HeldAsync();
        await Wait.UntilAsync(() => !IsFailing, "it has the lease");
    }

    private string LeaseName => "server/" + self.ServerId;

    /// <param name="timers">Those that wait besides the one of the task.</param>
    private async Task AdvanceUntilDoneAsync(Task task, int timers)
    {
        for (var second = 0; second < 30 && !task.IsCompleted; second++)
        {
            await Wait.UntilAsync(() => task.IsCompleted || time.Waiting == timers + 1, "all wait");
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.True(task.IsCompleted);
    }

    private bool IsFailing => supervisor.Report().Any(h => h.State == WorkState.Failing);

    private Task HeldAsync() => Wait.UntilAsync(() => time.Waiting == TimersWhileHeld, "it holds the lease and waits");

    private ValueTask<string?> HolderAsync() => leases.HolderAsync(LeaseName, default);

    private sealed class Host : IHostApplicationLifetime
    {
        private volatile bool hasStopped;

        public bool HasStopped => hasStopped;
        public CancellationToken ApplicationStarted => default;
        public CancellationToken ApplicationStopping => default;
        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => hasStopped = true;
    }
}
