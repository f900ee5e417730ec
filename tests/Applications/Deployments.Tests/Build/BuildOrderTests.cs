using Strata.Contracts;
using Strata.Deployments.Build;
using Strata.Deployments.Tests.Support;
using Strata.Entities.Engine;

namespace Strata.Deployments.Tests.Build;

/// <summary>Which build counts, which waits and which ends early.</summary>
public sealed class BuildOrderTests
{
    private static readonly BuildConfig Small = new() { TimeoutSeconds = 120, MemoryBytes = 256L << 20, DiskBytes = 128L << 20 };

    private static byte[] App(string build)
    {
        using var folder = new TempFolder();
        return folder.With("strata.yaml", $"build:\n  command: {build}\nrun:\n  command: ./run\n").With("run", "x").Archive();
    }

    private static Task<ReleaseResource> UntilAsync(TestCloud cloud, string release, Func<ReleaseResource, bool> condition, string what) =>
        Wait.ForAsync(async () =>
    {
        var now = (await cloud.Stores.Releases.GetAsync(cloud.Caller, release, Core.AsOf.Latest, default)).Value;
        return condition(now) ? now : null;
    }, what, 60);

    private static async Task<ReleaseResource> BuildingAsync(TestCloud cloud, string deployment, string release)
    {
        await cloud.ReleaseAsync(deployment, release, App("echo started; sleep 300"));
        var building = await UntilAsync(cloud, release, x => x.State == ReleaseStates.Building, "it is being built");
        await LoggedAsync(cloud, building, "started");
        return building;
    }

    /// <summary>The log is stored in batches, after what it says has happened.</summary>
    private static Task LoggedAsync(TestCloud cloud, ReleaseResource release, string text) => Wait.ForAsync(
        async () => (await cloud.LogAsync(release)).Contains(text, StringComparison.Ordinal) ? "" : null, $"the log has \"{text}\"", 60);

    [Fact]
    public async Task Deploy_WhileAnOlderOneIsBuilt_CancelsItAndRuns()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "app", "app-1");
        await cloud.ReleaseAsync("app", "app-2", App("echo quick"));
        var older = await UntilAsync(cloud, "app-1", x => x.State == ReleaseStates.Cancelled, "the older one is cancelled");
        Assert.Contains("app-2 was deployed after it", older.Status.Message, StringComparison.Ordinal);
        var newer = await cloud.UntilBuiltAsync("app-2");
        var deployment = await cloud.UntilAsync("app", x => x.Status.Release == newer.Id, "the newer one runs");
        Assert.Equal(newer.Id, deployment.Spec.Release);
    }

    [Fact]
    public async Task Promote_OfAReleaseThatIsOlderThanTheOneThatRuns_DoesNothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app");
        using var folder = new TempFolder();
        folder.With("index.html", "x");
        var first = await cloud.ReleaseAsync("app", "app-1", folder.Archive());
        await cloud.UntilBuiltAsync("app-1");
        var second = await cloud.ReleaseAsync("app", "app-2", folder.Archive());
        await cloud.UntilAsync("app", x => x.Status.Release == second.Id, "the second runs");
        // As if its end had not been reported before the server stopped.
        await cloud.Stores.Releases.ChangeAsync(
            cloud.Caller, first.Id, x => x with { Status = x.Status with { Reported = false } }, null, null, default);
        await UntilAsync(cloud, "app-1", x => x.Status.Reported, "it is reported");
        Assert.Equal(second.Id, (await cloud.UntilAsync("app", _ => true, "it is there")).Spec.Release);
    }

    [Fact]
    public async Task Cancel_ByTheUser_EndsTheBuildAndSaysWho()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        var building = await BuildingAsync(cloud, "app", "app-1");
        Assert.True((await cloud.Stores.Releases.ChangeAsync(cloud.Caller, building.Id, x => x, "cancel", null, default)).IsOk);
        var cancelled = await UntilAsync(cloud, "app-1", x => x.Status.Reported, "it is reported");
        Assert.Contains("cancelled by user:test", cancelled.Status.Message, StringComparison.Ordinal);
        var log = "";
        await Wait.ForAsync(
            async () => (log = await cloud.LogAsync(cancelled)).Contains("The command was cancelled.", StringComparison.Ordinal)
                ? "" : null, "the log says it", 60);
        Assert.DoesNotContain("timeoutSeconds", log, StringComparison.Ordinal);
        var deployment = await cloud.UntilAsync(
            "app", x => x.Status.Candidate is null && x.Status.Message is not null, "the deployment waits for nothing and says why");
        Assert.Equal(
            "Release app-1 was cancelled by user:test before it was built. To repeat it: strata deploy FOLDER --name app; to remove the deployment: strata delete deployment/app",
            deployment.Status.Message);
        await RolloutHasLookedAsync(cloud);
        Assert.Equal(deployment.Status.Message, (await cloud.UntilAsync("app", _ => true, "it is there")).Status.Message);
    }

    [Fact]
    public async Task Cancel_OfAFirstDeployInTheQueue_IsSaidByItsDeployment()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        foreach (var name in (string[])["a", "b", "c"]) await cloud.DeploymentAsync(name, new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "a", "a-1");
        await BuildingAsync(cloud, "b", "b-1");
        Assert.Equal("It has no release yet. Deploy one with: strata deploy FOLDER --name c",
            (await cloud.UntilAsync("c", x => x.Status.Message is not null, "it says so")).Status.Message);
        await cloud.ReleaseAsync("c", "c-1", new SourceConfig { Git = new GitSource("https://example.invalid/c.git", "main") });
        await UntilAsync(cloud, "c-1", x => x.Status.QueuePlace == 1, "it waits");
        Assert.True((await cloud.Stores.Releases.ChangeAsync(cloud.Caller, "c-1", x => x, "cancel", null, default)).IsOk);
        var deployment = await cloud.UntilAsync(
            "c", x => x.Status.Message?.Contains("c-1", StringComparison.Ordinal) == true, "it says so");
        Assert.StartsWith(
            "Release c-1 was cancelled by user:test before it was built. To repeat it: strata deploy https://example.invalid/c.git --branch main --name c;",
            deployment.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_OfALaterDeploy_LeavesNoMessageOnWhatRuns()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        using var folder = new TempFolder();
        var first = await cloud.ReleaseAsync("app", "app-1", folder.With("index.html", "x").Archive());
        await cloud.UntilAsync("app", x => x.Status.Release == first.Id && x.State == DeploymentStates.Running, "the first serves");
        var building = await BuildingAsync(cloud, "app", "app-2");
        Assert.True((await cloud.Stores.Releases.ChangeAsync(cloud.Caller, building.Id, x => x, "cancel", null, default)).IsOk);
        await UntilAsync(cloud, "app-2", x => x.Status.Reported, "it is reported");
        var deployment = await cloud.UntilAsync("app", x => x.Status.Candidate is null, "the deployment waits for nothing");
        Assert.Equal((DeploymentStates.Running, null, true), (deployment.State, deployment.Status.Message, deployment.Status.Static));
    }

    [Fact]
    public async Task Delete_OfTheReleaseOfAFirstDeploy_IsSaidByItsDeployment()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "app", "app-1");
        await cloud.Stores.Releases.DeleteAsync(cloud.Caller, "app-1", null, default);
        var deployment = await cloud.UntilAsync("app", x => x.Status.Candidate is null && x.Status.Message is not null, "it says so");
        Assert.StartsWith("Release app-1 was deleted before it was built.", deployment.Status.Message, StringComparison.Ordinal);
    }

    /// <summary>A change of a label makes the rollout look at the deployment once more.</summary>
    private static async Task RolloutHasLookedAsync(TestCloud cloud)
    {
        await cloud.DeploymentAsync("later");
        await cloud.Stores.Deployments.ChangeAsync(
            cloud.Caller, "app", x => x with { Spec = x.Spec with { Run = x.Spec.Run with { Replicas = 2 } } }, "resize", null, default);
        await cloud.UntilAsync("later", x => x.Status.Url is not null, "the rollout has looked at a later one");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Delete_OfReleaseOrDeployment_EndsItsBuildAtOnce(bool release)
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        await cloud.DeploymentAsync("other", new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "app", "app-1");
        await BuildingAsync(cloud, "other", "other-1");
        if (release) await cloud.Stores.Releases.DeleteAsync(cloud.Caller, "app-1", null, default);
        else await cloud.Stores.Deployments.ChangeAsync(cloud.Caller, "app", x => x, "remove", null, default);
        // Both places were taken: the third is built only when the first has ended.
        await cloud.DeploymentAsync("third", new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "third", "third-1");
        Assert.Equal(ReleaseStates.Building, (await UntilAsync(cloud, "other-1", _ => true, "it is there")).State);
    }

    [Fact]
    public async Task Queue_WithoutAFreePlace_ShowsThePlaceInIt()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        foreach (var name in (string[])["a", "b", "c", "d"]) await cloud.DeploymentAsync(name, new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "a", "a-1");
        await BuildingAsync(cloud, "b", "b-1");
        await cloud.ReleaseAsync("c", "c-1", App("echo quick"));
        await UntilAsync(cloud, "c-1", x => x is { State: ReleaseStates.Queued, Status.QueuePlace: 1 }, "it is the next");
        await cloud.ReleaseAsync("d", "d-1", App("echo quick"));
        var last = await UntilAsync(cloud, "d-1", x => x is { State: ReleaseStates.Queued, Status.QueuePlace: 2 }, "it is the one after");
        await LoggedAsync(cloud, last, "1 build is before it");
        await cloud.Stores.Releases.ChangeAsync(cloud.Caller, "a-1", x => x, "cancel", null, default);
        Assert.Equal(ReleaseStates.Ready, (await cloud.UntilBuiltAsync("c-1")).State);
        Assert.Null((await cloud.UntilBuiltAsync("d-1")).Status.QueuePlace);
    }

    [Fact]
    public async Task Build_InterruptedAgainAndAgain_Fails()
    {
        await using var cloud = await TestCloud.StartAsync(sandbox: true);
        await cloud.DeploymentAsync("app", new DeploymentSpec { Build = Small });
        await BuildingAsync(cloud, "app", "app-1");
        for (var times = 1; times <= 3; times++)
        {
            await cloud.DownAsync();
            await cloud.UpAsync();
            var expected = times;
            await UntilAsync(
                cloud, "app-1", x => x.Status.Interruptions == expected && x.State is ReleaseStates.Building
                    or ReleaseStates.Failed, "it is built again or has failed");
        }
        var failed = await UntilAsync(cloud, "app-1", x => x.State == ReleaseStates.Failed && x.Status.Reported, "it has failed");
        Assert.Contains("interrupted 3 times", failed.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Take_OfTwoOrganizations_IsRoundRobinAndBounded()
    {
        var queue = new BuildQueue(new DeploymentOptions { Home = "/nowhere", HttpPort = 1, BuildsMax = 2 }, TimeProvider.System);
        var (a, b) = (new Core.TenantId(Guid.CreateVersion7()), new Core.TenantId(Guid.CreateVersion7()));
        Task<Core.Result<Core.Sharing.ShareLease>> Take(Core.TenantId tenant, string release) =>
            queue.TakeAsync(tenant, release, true, _ => Task.CompletedTask, default);
        var first = await Take(a, "a1");
        var second = Take(a, "a2");
        Assert.False(second.IsCompleted);
        using var others = (await Take(b, "b1")).Value;
        Assert.False(second.IsCompleted);
        first.Value.Dispose();
        using var next = (await second).Value;
    }
}
