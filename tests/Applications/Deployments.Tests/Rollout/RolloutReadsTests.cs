using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Tests.Support;
using Strata.Entities.Engine;

namespace Strata.Deployments.Tests.Rollout;

/// <summary>
/// What all controllers together read of the log: nothing for a look that finds all as it should be, and for a change the same among few
/// and many.
/// </summary>
public sealed class RolloutReadsTests
{
    /// <summary>A change of the node wakes every deployment that has instances on it.</summary>
    [Fact]
    public async Task Look_OfDeploymentsThatAreAsTheyShouldBe_ReadsOnlyTheChangeItself()
    {
        Assert.Equal(await ReadsOfANodeChangeAsync(2), await ReadsOfANodeChangeAsync(12));
    }

    [Fact]
    public async Task Scale_OneDeployment_CostsTheSameReads_AmongFewAndAmongMany()
    {
        var (few, many) = (await ReadsOfScalingAsync(2), await ReadsOfScalingAsync(24));
        Assert.InRange(many, 1, few * 1.5); // not exactly the same: changes that come together are looked at together
    }

    private static async Task<int> ReadsOfANodeChangeAsync(int deployments)
    {
        await using var cloud = await RunningAsync(deployments);
        var node = (await TestCloud.AllAsync(cloud.Stores.Nodes.AllAsync(TenantId.Platform, null, default))).Single();
        var before = cloud.Reads;
        var platform = new Caller(TenantId.Platform, "test");
        Assert.True(
            (await cloud.Stores.Nodes.ChangeAsync(
                platform, node.Id, x => x with { Labels = new Dictionary<string, string> { ["rack"] = "7" } }, null, null, default)).IsOk);
        await QuietAsync(cloud);
        return cloud.Reads - before;
    }

    private static async Task<int> ReadsOfScalingAsync(int deployments)
    {
        await using var cloud = await RunningAsync(deployments);
        var before = cloud.Reads;
        await cloud.Stores.Deployments.ChangeAsync(
            cloud.Caller, "app-1", x => x with { Spec = x.Spec with { Run = x.Spec.Run with { Replicas = 2 } } }, null, null, default);
        await cloud.UntilAsync("app-1", x => x.Status.ReadyReplicas == 2, "the second instance is ready");
        await QuietAsync(cloud);
        return cloud.Reads - before;
    }

    /// <summary>Deployments with one instance each.</summary>
    private static async Task<TestCloud> RunningAsync(int deployments)
    {
        var cloud = await TestCloud.StartAsync();
        using var folder = new TempFolder().With("server.js", "// it").With("package.json", """{"scripts":{"start":"node server.js"}}""");
        var archive = folder.Archive();
        var spec = new DeploymentSpec { Run = new RunConfig { MemoryBytes = 16 << 20, Cpu = 0.1 } };
        for (var i = 1; i <= deployments; i++)
        {
            await cloud.DeploymentAsync($"app-{i}", spec);
            await cloud.ReleaseAsync($"app-{i}", $"app-{i}-1", archive);
        }
        for (var i = 1; i <= deployments; i++) await cloud.UntilAsync($"app-{i}", x => x.State == DeploymentStates.Running, "it runs");
        await QuietAsync(cloud);
        return cloud;
    }

    /// <summary>
    /// Until nothing was read and nothing waits to be looked at for a while: the counts are of work that has come to its end.
    /// </summary>
    private static async Task QuietAsync(TestCloud cloud)
    {
        for (int seen = -1, calm = 0; calm < 10; await Task.Delay(50))
        {
            calm = cloud.Reads == seen && cloud.Busy == 0 ? calm + 1 : 0;
            seen = cloud.Reads;
        }
    }
}
