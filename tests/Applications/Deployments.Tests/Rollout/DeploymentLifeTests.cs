using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Rollout;

/// <summary>Deployments from the first release to their end, by all controllers together.</summary>
public sealed class DeploymentLifeTests
{
    private static byte[] Node(string text)
    {
        using var folder = new TempFolder().With("server.js", text).With("package.json", """{"scripts":{"start":"node server.js"}}""");
        return folder.Archive();
    }

    private static byte[] Site(string text)
    {
        using var folder = new TempFolder().With("index.html", text);
        return folder.Archive();
    }

    [Fact]
    public async Task Deploy_StaticSite_RunsWithoutInstances()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("site");
        await cloud.ReleaseAsync("site", "site-1", Site("<h1>hello</h1>"));
        var running = await cloud.UntilAsync("site", x => x.State == DeploymentStates.Running, "it runs");
        var release = await cloud.UntilBuiltAsync("site-1");
        Assert.Equal("http://site.localhost:8000", running.Status.Url);
        Assert.Equal(release.Id, running.Status.Release);
        Assert.True(running.Status.Static);
        Assert.True(release.Status.Static);
        Assert.Equal(1, release.Status.Number);
        Assert.Contains("Detected a static site", await cloud.LogAsync(release), StringComparison.Ordinal);
        var route = Assert.Single(await TestCloud.AllAsync(cloud.Stores.Routes.AllAsync(cloud.Caller.Tenant, null, default)));
        Assert.Equal("site.localhost", route.Spec.Host);
        Assert.Equal(release.Status.Image, Assert.Single(route.Status.Targets).StaticImage);
        Assert.Empty(await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(cloud.Caller.Tenant, null, default)));
    }

    [Fact]
    public async Task Redeploy_Application_SwitchesAndStopsTheOld()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app", new DeploymentSpec { Run = new RunConfig { Replicas = 2 } });
        await cloud.ReleaseAsync("app", "app-1", Node("// one"));
        var first = await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "the first runs");
        Assert.Equal(2, first.Status.ReadyReplicas);
        Assert.False(first.Status.Static);
        await cloud.ReleaseAsync("app", "app-2", Node("// two"));
        var second = await cloud.UntilBuiltAsync("app-2");
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running && x.Status.Release == second.Id, "the second runs");
        await Wait.ForAsync(async () =>
        {
            var all = await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(cloud.Caller.Tenant, null, default));
            return all.TrueForAll(x => x.State == (x.Spec.Release == second.Id ? InstanceStates.Ready : InstanceStates.Stopped))
                ? all : null;
        }, "only the second's instances are left");
    }

    [Fact]
    public async Task Redeploy_NeverHealthy_FailsAndTheOldServesOn()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", Node("// one"));
        var first = await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "the first runs");
        await cloud.Agent.DisposeAsync(); // nothing starts until the second's image is known to be sick
        await cloud.ReleaseAsync("app", "app-2", Node("// two"));
        var second = await cloud.UntilBuiltAsync("app-2");
        var agent = new FakeAgent(cloud.Stores);
        agent.Sick[second.Status.Image!] = "It listens on no port.";
        agent.Start();
        var failed = await cloud.UntilAsync("app", x => x.State == DeploymentStates.Failed, "the second fails");
        Assert.Contains("It listens on no port.", failed.Status.Message, StringComparison.Ordinal);
        Assert.Equal(first.Status.Release, failed.Status.Release);
        Assert.Equal(first.Status.Release, failed.Spec.Release);
        var route = Assert.Single(await TestCloud.AllAsync(cloud.Stores.Routes.AllAsync(cloud.Caller.Tenant, null, default)));
        Assert.Equal(first.Status.Release, Assert.Single(route.Status.Targets).Release);
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task Rollback_EarlierRelease_ServesWithoutBuild()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("site");
        await cloud.ReleaseAsync("site", "site-1", Site("one"));
        var first = await cloud.UntilBuiltAsync("site-1");
        await cloud.UntilAsync("site", x => x.Status.Release == first.Id, "the first serves");
        await cloud.ReleaseAsync("site", "site-2", Site("two"));
        var second = await cloud.UntilBuiltAsync("site-2");
        await cloud.UntilAsync("site", x => x.Status.Release == second.Id, "the second serves");
        await cloud.Stores.Deployments.ChangeAsync(
            cloud.Caller, "site", x => x with { Spec = x.Spec with { Release = first.Id } }, "rollback", null, default);
        await cloud.UntilAsync("site", x => x.State == DeploymentStates.Running && x.Status.Release == first.Id, "the first serves again");
    }

    [Fact]
    public async Task Rollback_ToAReleaseThatCannotRun_IsRefusedBeforeTheStateChanges()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("site");
        await cloud.DeploymentAsync("other");
        await cloud.ReleaseAsync("site", "site-1", Site("one"));
        await cloud.ReleaseAsync("other", "other-1", Site("other"));
        using var folder = new TempFolder().With("notes.txt", "nothing to run");
        var (one, other) = (await cloud.UntilBuiltAsync("site-1"), await cloud.UntilBuiltAsync("other-1"));
        var site = await cloud.UntilAsync("site", x => x.State == DeploymentStates.Running, "it runs");
        await cloud.ReleaseAsync("site", "site-2", folder.Archive());
        var failed = await cloud.UntilBuiltAsync("site-2");
        Assert.Contains("belongs to another deployment", (await cloud.CheckAsync(site, other.Id))!.Message, StringComparison.Ordinal);
        Assert.Contains("is FAILED", (await cloud.CheckAsync(site, failed.Id))!.Message, StringComparison.Ordinal);
        Assert.Contains(
            "There is no release", (await cloud.CheckAsync(site, site.Id.Replace("dep_", "rel_", StringComparison.Ordinal)))!.Message,
            StringComparison.Ordinal);
        Assert.Null(await cloud.CheckAsync(site, one.Id));
        Assert.Same(DeploymentKinds.Deployment.ReferenceCheck!.Method, ((Delegate)ReleaseChoice.CheckAsync).Method);
    }

    [Fact]
    public async Task Variables_ChangedAfterTheDeploy_AreSaidToComeWithTheNext()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("site");
        await cloud.ReleaseAsync("site", "site-1", Site("one"));
        await cloud.UntilAsync("site", x => x.State == DeploymentStates.Running, "it runs");
        var env = new Dictionary<string, string> { ["COLOR"] = "red" };
        await cloud.Stores.Deployments.ChangeAsync(
            cloud.Caller, "site", x => x with { Spec = x.Spec with { Env = env } }, null, null, default);
        var said = await cloud.UntilAsync("site", x => x.Status.Message is not null, "it says so");
        Assert.Contains("deploy the source again to apply it", said.Status.Message, StringComparison.Ordinal);
        await cloud.ReleaseAsync("site", "site-2", Site("two"));
        var second = await cloud.UntilBuiltAsync("site-2");
        Assert.Equal("red", second.Spec.Env!["COLOR"]);
        await cloud.UntilAsync("site", x => x.Status.Release == second.Id && x.Status.Message is null, "nothing is left to say");
    }

    [Fact]
    public async Task Build_SourceUnknown_FailsWithASentence()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("odd");
        using var folder = new TempFolder().With("notes.txt", "nothing to run");
        await cloud.ReleaseAsync("odd", "odd-1", folder.Archive());
        var release = await cloud.UntilBuiltAsync("odd-1");
        Assert.Equal(ReleaseStates.Failed, release.State);
        Assert.Contains("The kind of application could not be detected.", release.Status.Message, StringComparison.Ordinal);
        Assert.True(release.Status.SourceRejected);
        var deployment = await cloud.UntilAsync("odd", x => x.State == DeploymentStates.Failed, "the deployment says so");
        Assert.StartsWith("Release odd-1 was not built: ", deployment.Status.Message, StringComparison.Ordinal);
        Assert.Contains("strata deploy FOLDER --name odd; to remove the deployment: strata delete deployment/odd",
            deployment.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scale_ToZeroAndBack_StopsAndStarts()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", Node("// one"));
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "it runs");
        // Its environment was deleted by force; the label stays, on what is started from now on too.
        var labels = new Dictionary<string, string> { [EnvironmentSpec.Label] = "gone" };
        await cloud.Stores.Deployments.ChangeAsync(cloud.Caller, "app", x => x with { Labels = labels }, null, null, default);
        await ScaleAsync(cloud, 0);
        await cloud.UntilAsync("app", x => x is { State: DeploymentStates.Running, Status.ReadyReplicas: 0 }, "it is stopped");
        await ScaleAsync(cloud, 3);
        await cloud.UntilAsync("app", x => x is { State: DeploymentStates.Running, Status.ReadyReplicas: 3 }, "three run");
    }

    [Fact]
    public async Task Restart_Replaces_EveryInstance()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", Node("// one"));
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "it runs");
        var before = (await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(cloud.Caller.Tenant, null, default)))
            .Select(x => x.Id).ToHashSet();
        await cloud.Stores.Deployments.ChangeAsync(
            cloud.Caller, "app", x => x with { Spec = x.Spec with { Generation = x.Spec.Generation + 1 } }, "restart", null, default);
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "it runs again");
        await Wait.ForAsync(async () =>
        {
            var ready = (await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(cloud.Caller.Tenant, null, default)))
                .FindAll(x => x.State == InstanceStates.Ready);
            return ready.Count == 1 && !before.Contains(ready[0].Id) ? ready : null;
        }, "another instance serves");
    }

    [Fact]
    public async Task Remove_Deployment_TakesEverythingAlong()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("app");
        await cloud.ReleaseAsync("app", "app-1", Node("// one"));
        await cloud.UntilAsync("app", x => x.State == DeploymentStates.Running, "it runs");
        await cloud.Stores.Deployments.ChangeAsync(cloud.Caller, "app", x => x, "remove", null, default);
        await Wait.ForAsync(async () =>
        {
            var left = (await TestCloud.AllAsync(cloud.Stores.Deployments.AllAsync(null, null, default))).Count
                + (await TestCloud.AllAsync(cloud.Stores.Instances.AllAsync(null, null, default))).Count
                + (await TestCloud.AllAsync(cloud.Stores.Routes.AllAsync(null, null, default))).Count
                + (await TestCloud.AllAsync(cloud.Stores.Releases.AllAsync(null, null, default))).Count;
            return left == 0 ? "gone" : null;
        }, "nothing is left");
    }

    [Fact]
    public async Task Build_CutOff_StartsAgain()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.DeploymentAsync("site");
        var archive = await cloud.UploadAsync(Site("one"));
        var stores = cloud.Stores;
        await cloud.DownAsync();
        var release = new NewResource<ReleaseSpec> { Name = "site-1", Project = cloud.Project,
            Spec = new ReleaseSpec { Deployment = "site", Source = new SourceConfig { Archive = archive } } };
        await stores.Releases.CreateAsync(cloud.Caller, release, "build", default); // as a server leaves it that dies while it builds
        await cloud.UpAsync();
        var built = await cloud.UntilBuiltAsync("site-1");
        Assert.Equal((ReleaseStates.Ready, 1), (built.State, built.Status.Number));
        await cloud.UntilAsync("site", x => x.State == DeploymentStates.Running, "it runs");
    }

    private static ValueTask<Result<DeploymentResource>> ScaleAsync(TestCloud cloud, int replicas) => cloud.Stores.Deployments.ChangeAsync(
        cloud.Caller, "app", x => x with { Spec = x.Spec with { Run = x.Spec.Run with { Replicas = replicas } } }, "resize", null, default);
}
