using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Feed;

public class ChangeFeedTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly HashSet<string> Lamps = [LampKind.Kind.Model.Name];

    [Fact]
    public async Task Follow_ToldOfEachChangeInOrder_DeletionsToo()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant, Lamps), default);
        await cloud.AddLampAsync("desk");
        await cloud.SetHoursAsync("desk", 1, transition: "light");
        await cloud.Lamps.DeleteAsync(cloud.Caller, "desk", null, default);
        var changes = await TakeAsync(follower, 3);
        Assert.Equal([("OFF", false), ("ON", false), ("ON", true)], changes.Select(c => (c.State, c.Deleted)));
    }

    [Fact]
    public async Task Follow_OtherTenantsAndModels_AreNotTold()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant, Lamps), default);
        var other = new Caller(TenantId.New(TimeProvider.System), "user:other");
        await cloud.Projects.CreateAsync(
            cloud.Caller, new NewResource<ProjectSpec> { Name = "second", Spec = new ProjectSpec() }, null, default);
        await cloud.Projects.CreateAsync(other, new NewResource<ProjectSpec> { Name = "home", Spec = new ProjectSpec() }, null, default);
        await cloud.AddLampAsync("theirs", other);
        await cloud.AddLampAsync("ours");
        var change = Assert.Single(await TakeAsync(follower, 1));
        Assert.Equal("ours", cloud.Lamps.ToResource(change).Name);
    }

    [Fact]
    public async Task Follow_AllTenants_IsToldOfOnesThatBeginLater()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(
            new FeedFilter(Models: new HashSet<string> { ProjectKind.Kind.Model.Name }), default);
        var other = new Caller(TenantId.New(TimeProvider.System), "user:other");
        await cloud.Projects.CreateAsync(other, new NewResource<ProjectSpec> { Name = "home", Spec = new ProjectSpec() }, null, default);
        Assert.Equal(other.Tenant, Assert.Single(await TakeAsync(follower, 1)).Tenant);
    }

    [Fact]
    public async Task Follow_LostWakes_CostTimeButNoChange()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default);
        cloud.Log.LosesWakes = true;
        await cloud.AddLampAsync("desk");
        Assert.Single(await TakeAsync(follower, 1));
    }

    [Fact]
    public async Task Follow_StorageAway_GoesOnWhenItIsBack()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default);
        await cloud.AddLampAsync("first");
        Assert.Single(await TakeAsync(follower, 1));
        cloud.Log.IsAway = true;
        var follows = cloud.Log.Follows;
        await Assert.ThrowsAsync<StrataException>(() => cloud.AddLampAsync("never"));
        cloud.Log.IsAway = false;
        await cloud.AddLampAsync("second");
        Assert.Equal("second", cloud.Lamps.ToResource(Assert.Single(await TakeAsync(follower, 1))).Name);
        Assert.True(cloud.Log.Follows > follows);
    }

    [Fact]
    public async Task Follow_AHundredFollowers_CostOneReadOfTheLog()
    {
        await using var cloud = await TestCloud.StartAsync();
        var followers = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(_ => cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default).AsTask()));
        var before = cloud.Log.Follows;
        await cloud.AddLampAsync("desk");
        var told = await Task.WhenAll(followers.Select(f => TakeAsync(f, 1)));
        Assert.All(told, changes => Assert.Single(changes));
        Assert.Equal(before + 1, cloud.Log.Follows);
        foreach (var follower in followers) follower.Dispose();
    }

    [Fact]
    public async Task Follow_NobodyListens_ReadsNothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        var before = cloud.Log.Follows;
        await cloud.AddLampAsync("unheard");
        using var late = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default);
        await cloud.AddLampAsync("heard");
        var names = (await TakeUntilAsync(late, c => cloud.Lamps.ToResource(c).Name == "heard")).Count;
        Assert.InRange(names, 1, 2); // what was committed just before may be told too
        Assert.InRange(cloud.Log.Follows - before, 1, 2);
    }

    [Fact]
    public async Task FollowFromARevision_FromTheLogAndThenLive_HasNoGap()
    {
        await using var cloud = await TestCloud.StartAsync();
        for (var i = 0; i < 5; i++) await cloud.AddLampAsync($"old-{i}");
        using var follower = await cloud.Feed.FollowAsync(cloud.Caller.Tenant, Revision.None, null, default);
        for (var i = 0; i < 5; i++) await cloud.AddLampAsync($"new-{i}");
        var changes = await TakeAsync(follower, 11);
        Assert.Equal(Enumerable.Range(1, 11).Select(i => (long)i), changes.Select(c => c.Revision.Value));
    }

    [Fact]
    public async Task Follow_OneModel_DoesNotReadWhatOthersWrite()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var follower = await cloud.Feed.FollowAsync(new FeedFilter(Models: Lamps), default);
        for (var i = 0; i < 20; i++)
            await cloud.Projects.CreateAsync(
                cloud.Caller, new NewResource<ProjectSpec> { Name = $"p{i}", Spec = new ProjectSpec() }, null, default);
        await cloud.AddLampAsync("desk");
        Assert.Equal("desk", cloud.Lamps.ToResource(Assert.Single(await TakeAsync(follower, 1))).Name);
        Assert.Equal(1, cloud.Log.Followed);
    }

    /// <summary>Someone who wants more comes while the log is read for those who want less: nothing may fall in between.</summary>
    [Fact]
    public async Task Follow_MoreThanTheOthers_FromAnyMomentOn_HasNoGap()
    {
        await using var cloud = await TestCloud.StartAsync();
        using var narrow = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant, Lamps), default);
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
                await cloud.Projects.CreateAsync(
                    cloud.Caller, new NewResource<ProjectSpec> { Name = $"p{i}", Spec = new ProjectSpec() }, null, default);
        });
        for (var i = 0; i < 50; i++)
        {
            using var wide = await cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default);
            var begun = (await cloud.Log.HeadAsync(cloud.Caller.Tenant, default)).Value; // what comes behind it must be told
            var seen = (await TakeAsync(wide, 3)).Select(c => c.Revision.Value).ToList();
            Assert.Equal(Enumerable.Range(0, seen.Count).Select(n => seen[0] + n), seen);
            Assert.True(seen[0] <= begun + 1, $"begins at {seen[0]}, behind {begun}");
        }
        await done.CancelAsync();
        await writing;
    }

    /// <summary>
    /// Followers of every temper see the same gap-free history while many commit at once: also those whose queue overflows.
    /// </summary>
    [Fact]
    public async Task Follow_UnderConcurrentCommits_EveryFollowerSeesEachRevisionOnceInOrder()
    {
        const int Writers = 8, Each = 50;
        await using var cloud = await TestCloud.StartAsync(capacity: 16);
        var head = await cloud.Log.HeadAsync(cloud.Caller.Tenant, default);
        var followers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => i % 2 == 0
            ? cloud.Feed.FollowAsync(new FeedFilter(cloud.Caller.Tenant), default).AsTask()
            : cloud.Feed.FollowAsync(cloud.Caller.Tenant, Revision.None, null, default).AsTask()));
        var reading = followers.Select((f, i) => ReadSlowlyAsync(f, new Revision(head.Value + Writers * Each), Seeded.Random(i))).ToList();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++) await cloud.AddLampAsync($"w{w}-{i}");
        })));
        foreach (var (seen, i) in (await Task.WhenAll(reading)).Select((s, i) => (s, i)))
        {
            var first = i % 2 == 0 ? seen[0] : 1; // those that follow from now on may be told a little of before
            Assert.True(first <= head.Value + 1 && seen.SequenceEqual(Enumerable.Range(0, seen.Count).Select(n => first + n)),
                $"STRATA_SEED={Seeded.Seed}: follower {i} saw {string.Join(",", seen)}");
        }
    }

    private static async Task<List<long>> ReadSlowlyAsync(FeedFollower follower, Revision until, Random random)
    {
        using (follower)
        {
            var seen = new List<long>();
            while (seen.Count == 0 || seen[^1] < until.Value)
            {
                seen.AddRange((await follower.NextAsync(Patience, default)).Select(c => c.Revision.Value));
                if (random.Next(3) == 0) await Task.Delay(random.Next(20)); // a reader's temper, not a wait for something
            }
            return seen;
        }
    }

    private static async Task<List<EntityRevision>> TakeAsync(FeedFollower follower, int count)
    {
        var taken = new List<EntityRevision>();
        while (taken.Count < count)
        {
            var next = await follower.NextAsync(Patience, default);
            Assert.NotEmpty(next);
            taken.AddRange(next);
        }
        return taken;
    }

    private static async Task<List<EntityRevision>> TakeUntilAsync(FeedFollower follower, Predicate<EntityRevision> last)
    {
        var taken = new List<EntityRevision>();
        while (!taken.Exists(last)) taken.AddRange(await follower.NextAsync(Patience, default));
        return taken;
    }
}
