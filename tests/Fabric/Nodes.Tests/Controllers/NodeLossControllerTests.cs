using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Nodes.Controllers;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Nodes.Tests.Controllers;

public sealed class NodeLossControllerTests
{
    private static readonly Caller Caller = new(TenantId.Platform, "test");

    private readonly FakeTime time = new();
    private readonly MemoryLeases leases;
    private readonly ResourceStore<NodeSpec, NodeStatus> nodes;
    private readonly NodeLossController controller;

    public NodeLossControllerTests()
    {
        leases = new MemoryLeases(time);
        var engine = new EntityEngine(
            new MemoryLog(time), new StaticDefinitions([NodeKinds.Node.Definition]), new InProcessComputation([], []), time);
        nodes = new ResourceStore<NodeSpec, NodeStatus>(engine, NodeKinds.Node, time);
        controller = new NodeLossController(nodes, leases, time);
    }

    [Fact]
    public async Task Reconcile_NodeThatIsHeard_StaysUp()
    {
        await RegisterAsync();
        await HeartbeatAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(NodeStates.Up, await ReconcileAsync());
    }

    [Fact]
    public async Task Reconcile_LapsedLease_IsDownUntilItIsHeardAgain()
    {
        await RegisterAsync();
        await HeartbeatAsync();
        time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(NodeStates.Down, await ReconcileAsync());
        Assert.Equal(NodeStates.Down, await ReconcileAsync());
        await HeartbeatAsync();
        Assert.Equal(NodeStates.Up, await ReconcileAsync());
    }

    [Fact]
    public async Task Reconcile_NewNode_HasTimeForItsFirstHeartbeat()
    {
        await RegisterAsync();
        Assert.Equal(NodeStates.Up, await ReconcileAsync());
    }

    [Fact]
    public async Task Reconcile_TermThatHasJustBegun_GivesEveryNodeTimeForAHeartbeat()
    {
        await RegisterAsync();
        time.Advance(TimeSpan.FromHours(8)); // no server ran
        controller.BeginTerm(null, time.GetUtcNow());
        Assert.Equal(NodeStates.Up, await ReconcileAsync());
        time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(NodeStates.Down, await ReconcileAsync());
    }

    private async Task RegisterAsync() =>
        Assert.True((await nodes.CreateAsync(Caller, new NewResource<NodeSpec> { Name = "n", Spec = new() }, null, default)).IsOk);

    private async Task HeartbeatAsync() =>
        Assert.NotNull(await leases.TryHoldAsync(NodeLease.Of("n"), "agent", NodeLease.Duration, default));

    private async Task<string> ReconcileAsync()
    {
        await controller.ReconcileAsync((await nodes.GetAsync(Caller, "n", AsOf.Latest, default)).Value, default);
        return (await nodes.GetAsync(Caller, "n", AsOf.Latest, default)).Value.State;
    }
}
