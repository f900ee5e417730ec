using System.Reflection;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Placement;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Deployments.Tests.Placement;

/// <summary>
/// Placement by a snapshot that is kept for a second. One node promises 16 GiB, of which one organization may use three quarters: three
/// instances of 4 GiB.
/// </summary>
public sealed class PlacementControllerTests : IAsyncLifetime
{
    private const long GiB = 1L << 30;
    private const int Fit = 3;

    private readonly Clock clock = new();
    private readonly Caller caller = new(TenantId.New(TimeProvider.System), "test");
    private DeploymentStores stores = null!;
    private string project = "";

    public async ValueTask InitializeAsync()
    {
        Kind[] kinds = [OrganizationKind.Kind, ProjectKind.Kind, .. NodeKinds.All, .. DeploymentKinds.All];
        var engine = new EntityEngine(new MemoryLog(clock), new StaticDefinitions(kinds.Select(k => k.Definition)), new InProcessComputation([], []), clock);
        stores = new DeploymentStores(
            new(engine, DeploymentKinds.Deployment, clock), new(engine, DeploymentKinds.Release, clock), new(engine, DeploymentKinds.Route, clock),
            new(engine, NodeKinds.Instance, clock), new(engine, NodeKinds.Node, clock), new(engine, OrganizationKind.Kind, clock));
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, clock);
        project = (await projects.CreateAsync(caller, new NewResource<ProjectSpec> { Name = "web", Spec = new ProjectSpec() }, null, default)).Value.Id;
        var platform = new Caller(TenantId.Platform, "test");
        var node = await stores.Nodes.CreateAsync(platform, new NewResource<NodeSpec> { Name = "node-1", Spec = new NodeSpec() }, null, default);
        var status = new NodeStatus { Cpus = 64, MemoryBytes = 8 * GiB };
        await stores.Nodes.ChangeAsync(platform, node.Value.Id, x => x with { Status = status }, null, null, default);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Reconcile_ManyWithinOneSnapshot_CountsItsOwnPlacements()
    {
        var waiting = await CreateAsync(Fit + 2);
        var controller = Controller(1);
        foreach (var id in waiting) await ReconcileAsync(controller, id);
        Assert.Equal(Fit, await PlacedAsync());
        foreach (var id in waiting[Fit..]) Assert.StartsWith("QUOTA_EXCEEDED", (await GetAsync(id)).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconcile_AfterAnInstanceWasDeleted_PlacesTheOneThatWaits()
    {
        var waiting = await CreateAsync(Fit + 1);
        var controller = Controller(1);
        foreach (var id in waiting) await ReconcileAsync(controller, id);
        Assert.True((await stores.Instances.DeleteAsync(caller, waiting[0], null, default)).IsOk);
        clock.Advance((await ReconcileAsync(controller, waiting[Fit]))!.Value); // when it asked to look again
        Assert.Null(await ReconcileAsync(controller, waiting[Fit]));
        Assert.Equal(Fit, await PlacedAsync());
    }

    [Fact]
    public async Task Reconcile_InANewTerm_KnowsWhatAnotherServerPlacedMeanwhile()
    {
        var waiting = await CreateAsync(Fit + 2);
        var first = Controller(1);
        await ReconcileAsync(first, waiting[0]);
        var second = Controller(2);
        foreach (var id in waiting[1..Fit]) await ReconcileAsync(second, id);
        Begin(first, 3);
        foreach (var id in waiting[Fit..]) await ReconcileAsync(first, id);
        Assert.Equal(Fit, await PlacedAsync());
    }

    private PlacementController Controller(long epoch)
    {
        var options = new DeploymentOptions { Home = "/nowhere", HttpPort = 8000 };
        var controller = new PlacementController(stores, new LeastLoadedPlacement(), options, clock);
        Begin(controller, epoch);
        return controller;
    }

    /// <summary>As the host does it, which alone may.</summary>
    private static void Begin(PlacementController controller, long epoch) =>
        typeof(Controller<InstanceSpec, InstanceStatus>).GetProperty("Term", BindingFlags.Instance | BindingFlags.NonPublic)!
            .SetValue(controller, new Fence("controller/placement", epoch));

    private async Task<TimeSpan?> ReconcileAsync(PlacementController controller, string id) => await controller.ReconcileAsync(await GetAsync(id), default);

    /// <summary>Instances that wait, a moment before now: a snapshot that is taken now is newer than all of them.</summary>
    private async Task<string[]> CreateAsync(int count)
    {
        var made = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var spec = new InstanceSpec { Deployment = $"dep_{i}", Release = "rel_x", Image = "sha256:" + new string('0', 64), Command = ["x"], MemoryBytes = 4 * GiB };
            var instance = new NewResource<InstanceSpec> { Name = $"app-{i}", Project = project, Spec = spec };
            made.Add((await stores.Instances.CreateAsync(caller, instance, null, default)).Value.Id);
        }
        clock.Advance(TimeSpan.FromMilliseconds(100));
        return [.. made];
    }

    private async Task<InstanceResource> GetAsync(string id) => (await stores.Instances.GetAsync(caller, id, AsOf.Latest, default)).Value;

    private async Task<int> PlacedAsync()
    {
        var count = 0;
        await foreach (var instance in stores.Instances.AllAsync(null, null, default)) count += instance.Spec.Node is null ? 0 : 1;
        return count;
    }

    /// <summary>Moves only when it is told to.</summary>
    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => now;

        public void Advance(TimeSpan by) => now += by;
    }
}
