using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>Somebody deletes the node of a machine whose agent runs.</summary>
public sealed class NodeDeletedTests
{
    [Fact]
    [Trait("Duration", "Long")]
    public async Task DeletedNode_IsRegisteredAgain_WithoutARestartOfTheServer()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        var server = cloud.Pid;
        var before = await NodesAsync(cloud);
        var (id, name) = Assert.Single(before);
        (await cloud.RunAsync("api", "DELETE", $"/api/v1/nodes/{id}?force=true")).ShouldSucceed();
        await Wait.UntilAsync(
            async () => await NodesAsync(cloud) is [var (other, same)] && other != id && same == name, "the machine is a node again");
        await Wait.UntilAsync(async () => (await cloud.RunAsync("status")).ExitCode == 0, "status says that all is well");
        Assert.Equal(server, cloud.Pid);
    }

    private static async Task<List<(string Id, string Name)>> NodesAsync(Cloud cloud) =>
        [.. (await cloud.RunAsync("get", "nodes", "--json")).ShouldSucceed().Json.EnumerateArray()
            .Select(n => (n.GetProperty("id").GetString()!, n.GetProperty("name").GetString()!))];
}
