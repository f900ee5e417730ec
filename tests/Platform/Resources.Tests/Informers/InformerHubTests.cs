using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Informers;

public sealed class InformerHubTests
{
    [Fact]
    public async Task Run_WhatIsThereAndWhatComes_IsFoundAtOnceAfterCatchingUp()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("before");
        var lamps = await StartAsync(cloud);
        Assert.Equal(["before"], Names(lamps.All(cloud.Caller.Tenant)));
        var changed = await cloud.SetHoursAsync("before", 1, transition: "light");
        await cloud.Hub.WaitForAsync(cloud.Caller.Tenant, new Revision(changed.Value.Revision), default);
        Assert.Equal((1, "ON"), lamps.Get(cloud.Caller.Tenant, changed.Value.Id) is { } now ? (now.Status.Hours, now.State) : default);
        for (var i = 0; i < 20; i++)
        {
            await cloud.AddLampAsync($"lamp-{i}");
            await cloud.Hub.CatchUpAsync(cloud.Caller.Tenant, default); // reads nothing, and sees what this server has written
            Assert.Contains($"lamp-{i}", Names(lamps.Find(TestCloud.LampsByColor, cloud.Caller.Tenant, "red")));
        }
        await cloud.Lamps.DeleteAsync(cloud.Caller, "before", null, default);
        await cloud.Hub.CatchUpAsync(cloud.Caller.Tenant, default);
        Assert.DoesNotContain("before", Names(lamps.All(null)));
    }

    /// <summary>
    /// Random writes of several organizations at once, while informers come and go and the storage is away: each ends with the store's
    /// truth.
    /// </summary>
    [Fact]
    public async Task Run_RandomWritesWithFaults_EndsWithWhatIsInTheStore()
    {
        await using var cloud = await TestCloud.StartAsync(capacity: 4); // followers of the feed overrun all the time
        using var slow = await cloud.Feed.FollowAsync(new FeedFilter(), default);
        var random = Seeded.Random();
        List<Caller> callers = [cloud.Caller];
        for (var i = 0; i < 2; i++)
        {
            callers.Add(new Caller(TenantId.New(TimeProvider.System), "user:other"));
            await cloud.Projects.CreateAsync(
                callers[^1], new NewResource<ProjectSpec> { Name = "home", Spec = new ProjectSpec() }, null, default);
        }
        var lamps = await StartAsync(cloud);
        for (var round = 0; round < 6; round++)
        {
            cloud.Log.LosesWakes = round % 3 == 2;
            if (round is 1 or 4) lamps.Untyped.Break();
            for (var i = 0; i < 60; i++) await WriteAsync(cloud, callers[random.Next(3)], random);
            if (round == 3)
            {
                cloud.Log.IsAway = true;
                lamps.Untyped.Break();
                await cloud.AwayForAMomentAsync();
                cloud.Log.IsAway = false;
            }
            cloud.Log.LosesWakes = false;
            await cloud.Hub.CatchUpWithStoreAsync(default);
            var truth = new List<EntityRevision>();
            await foreach (var lamp in cloud.Lamps.Untyped.AllAsync(null, null, default)) truth.Add(lamp);
            Assert.Equal(Texts(truth), Texts(lamps.Untyped.All(null)));
            foreach (var caller in callers)
            {
                var mine = truth.Where(r => r.Tenant == caller.Tenant && ResourceDocument.ReadText(r.Document, "spec", "color") == "blue");
                Assert.Equal(Texts(mine), Texts(lamps.Untyped.Find(TestCloud.LampsByColor, caller.Tenant, "blue")));
            }
        }
        Assert.True(lamps.Untyped.Count > 0);
    }

    [Fact]
    public async Task Run_ADocumentThatCannotBeRead_IsSkippedAndReported()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("good");
        var bad = EntityId.New(TimeProvider.System);
        Assert.True((await cloud.Engine.CreateAsync(cloud.Caller, LampKind.Kind.Model, bad, JsonText.FromString("""{"spec":{"color":"red"}}"""), null, default)).IsOk);
        var lamps = await StartAsync(cloud);
        Assert.Equal(["good"], Names(lamps.All(null)));
        Assert.Equal(1, cloud.Engine.Unreadable.Count);
    }

    [Fact]
    public async Task Run_AKindThatCannotBeListed_IsRetriedByItself_AndDoesNotBreakTheOthers()
    {
        await using var cloud = await TestCloud.StartAsync(patience: TimeSpan.FromSeconds(2));
        await cloud.AddLampAsync("desk");
        cloud.Log.Unlisted = ProjectKind.Kind.Model.Name;
        await cloud.Hub.StartAsync(default);
        var (tenant, lamps) = (cloud.Caller.Tenant, cloud.Hub.Of(LampKind.Kind));
        await Wait.UntilAsync(() => lamps.IsSynced, "the lamps are listed");
        await cloud.AddLampAsync("shelf");
        await cloud.Hub.CatchUpWithStoreAsync(tenant, [lamps], default);
        Assert.Equal(2, lamps.Count);
        var behind = await Assert.ThrowsAsync<StrataException>(() => cloud.Hub.CatchUpWithStoreAsync(tenant, default));
        Assert.Equal("VIEW_BEHIND", behind.Error.Code);
        var projects = cloud.Hub.Of(ProjectKind.Kind);
        behind = await Assert.ThrowsAsync<StrataException>(
            async () => await cloud.Hub.FollowAsync(projects, tenant, x => x.All(tenant), default));
        Assert.Equal("VIEW_BEHIND", behind.Error.Code);
        cloud.Log.Unlisted = null;
        await cloud.Hub.WhenSyncedAsync(default).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(1, projects.Count);
    }

    /// <summary>What comes before is in the picture and what comes after is told: nothing twice, nothing never.</summary>
    [Fact]
    public async Task Follow_WhileOthersWrite_BeginsWhereThePictureEnds()
    {
        await using var cloud = await TestCloud.StartAsync();
        await StartAsync(cloud);
        await cloud.AddLampAsync("desk");
        await cloud.Hub.CatchUpAsync(cloud.Caller.Tenant, default);
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++) await cloud.SetHoursAsync("desk", i);
        });
        for (var i = 0; i < 30; i++)
        {
            var (follower, items) = await cloud.Hub.FollowAsync(
                cloud.Hub.Of(LampKind.Kind), cloud.Caller.Tenant, x => x.All(cloud.Caller.Tenant), default);
            using (follower)
            {
                var picture = Assert.Single(items).Revision.Value;
                var next = (await follower.NextAsync(TimeSpan.FromSeconds(30), default))[0].Revision.Value;
                Assert.Equal(picture + 1, next);
            }
        }
        await done.CancelAsync();
        await writing;
    }

    private static async Task<Informer<LampSpec, LampStatus>> StartAsync(TestCloud cloud)
    {
        await cloud.Hub.StartAsync(default);
        await cloud.Hub.WhenSyncedAsync(default).WaitAsync(TimeSpan.FromSeconds(60));
        return new Informer<LampSpec, LampStatus>(cloud.Hub.Of(LampKind.Kind), cloud.Lamps);
    }

    private static async Task WriteAsync(TestCloud cloud, Caller caller, Random random)
    {
        var name = $"lamp-{random.Next(12)}";
        var color = random.Next(2) == 0 ? "blue" : "red";
        var lamp = TestCloud.NewLamp(name) with { Spec = new LampSpec { Color = color } };
        switch (random.Next(4))
        {
            case 0: await cloud.Lamps.DeleteAsync(caller, name, null, default); break;
            case 1: await cloud.Lamps.CreateAsync(caller, lamp, null, default); break;
            default: await cloud.Lamps.ChangeAsync(
                caller, name, x => x with { Spec = x.Spec with { Color = color } }, null, null, default); break;
        }
    }

    private static IEnumerable<string> Texts(IEnumerable<EntityRevision> revisions) =>
        revisions.Select(r => $"{r.Tenant}/{r.Id}@{r.Revision} {r.State} {r.Document}").Order();

    private static IEnumerable<string> Names(IEnumerable<Resource<LampSpec, LampStatus>> lamps) => lamps.Select(l => l.Name);
}
