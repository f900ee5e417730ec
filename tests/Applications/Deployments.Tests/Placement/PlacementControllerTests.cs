using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Placement;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Controllers;
using Strata.Resources.Feed;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Deployments.Tests.Placement;

/// <summary>
/// Placement by the sums that informers keep. One node promises 16 GiB, of which one organization may use three quarters: three instances
/// of 4 GiB.
/// </summary>
public sealed class PlacementControllerTests : IAsyncLifetime
{
    private const long GiB = 1L << 30;
    private const int Fit = 3;

    private readonly Caller caller = new(TenantId.New(TimeProvider.System), "test");
    private DeploymentStores stores = null!;
    private ServiceProvider services = null!;
    private string project = "";

    public async ValueTask InitializeAsync()
    {
        Kind[] kinds = [OrganizationKind.Kind, ProjectKind.Kind, .. NodeKinds.All, .. DeploymentKinds.All];
        var log = new MemoryLog(TimeProvider.System);
        var engine = new EntityEngine(
            log, new StaticDefinitions(kinds.Select(k => k.Definition)), new InProcessComputation([], []), TimeProvider.System);
        services = new ServiceCollection().AddLogging().AddSingleton<IEntityLog>(log).AddSingleton(engine).AddSingleton(TimeProvider.System)
            .AddDeploymentViews()
            .BuildServiceProvider();
        stores = services.GetRequiredService<DeploymentStores>();
        foreach (var part in services.GetServices<IHostedService>()) await part.StartAsync(default);
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, TimeProvider.System);
        project = (
            await projects.CreateAsync(
                caller, new NewResource<ProjectSpec> { Name = "web", Spec = new ProjectSpec() }, null, default)).Value.Id;
        var platform = new Caller(TenantId.Platform, "test");
        var node = await stores.Nodes.CreateAsync(
            platform, new NewResource<NodeSpec> { Name = "node-1", Spec = new NodeSpec() }, null, default);
        var status = new NodeStatus { Cpus = 64, MemoryBytes = 8 * GiB };
        await stores.Nodes.ChangeAsync(platform, node.Value.Id, x => x with { Status = status }, null, null, default);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in services.GetServices<IHostedService>()) await part.StopAsync(default);
        await services.DisposeAsync();
    }

    [Fact]
    public async Task Reconcile_BeforeTheViewHasThem_CountsItsOwnPlacements()
    {
        var waiting = await CreateAsync(Fit + 2);
        var controller = Controller(1);
        await Views.Hub.CatchUpWithStoreAsync(default);
        // the view stays as it is
        foreach (var part in services.GetServices<IHostedService>().OfType<ChangeFeed>()) await part.StopAsync(default);
        foreach (var id in waiting) await controller.ReconcileAsync(await GetAsync(id), default);
        Assert.Equal(Fit, await PlacedAsync());
        foreach (var id in waiting[Fit..])
            Assert.StartsWith("QUOTA_EXCEEDED", (await GetAsync(id)).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconcile_AfterAnInstanceWasDeleted_PlacesTheOneThatWaits()
    {
        var waiting = await CreateAsync(Fit + 1);
        var controller = Controller(1);
        foreach (var id in waiting) await ReconcileAsync(controller, id);
        Assert.Equal(Fit, await PlacedAsync());
        Assert.True((await stores.Instances.DeleteAsync(caller, waiting[0], null, default)).IsOk);
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

    [Fact]
    public async Task Look_AfterRandomChanges_IsWhatThereIs()
    {
        var random = Seeded.Random();
        var (book, all) = (new PlacementBook(Views), await CreateAsync(12));
        await Views.Hub.CatchUpWithStoreAsync(default);
        foreach (var id in all)
            await stores.Instances.ChangeAsync(caller, id, x => x with { Spec = x.Spec with { Node = NodeId } }, "place", null, default);
        for (var i = 0; i < 100; i++)
        {
            var transition = random.Next(4) switch { 0 => "start", 1 => "fail", 2 => "stop", _ => "stopped" };
            var id = all[random.Next(1, all.Length)]; // one stays, so that there is something to see
            if (random.Next(30) == 0) await stores.Instances.DeleteAsync(caller, id, null, default);
            // many are refused: it is not in a state for it
            else await stores.Instances.ChangeAsync(caller, id, x => x, transition, null, default);
        }
        await Views.Hub.CatchUpWithStoreAsync(default);
        var waits = (await CreateAsync(1, "waits"))[0];
        var (there, siblings) = (new List<InstanceResource>(), 0);
        await foreach (var x in stores.Instances.AllAsync(null, null, default))
        {
            if (x.Spec.Node is not null && x.State is not (InstanceStates.Stopped or InstanceStates.Failed)) there.Add(x);
        }
        siblings = there.Count(x => x.Spec.Deployment == "dep_0");
        var look = book.Look(await GetAsync(waits));
        var node = Assert.Single(look.Nodes);
        Assert.NotInRange(there.Count, 0, 0);
        Assert.Equal((there.Count, there.Sum(x => x.Spec.MemoryBytes), siblings), (node.Instances, node.MemoryPromised, node.Siblings));
        Assert.Equal(there.Sum(x => x.Spec.Cpu), node.CpuPromised, 6);
        Assert.Equal(there.Count, look.Own.Instances);
    }

    private DeploymentViews Views => services.GetRequiredService<DeploymentViews>();

    private string NodeId => Views.Nodes.All(null)[0].Id;

    private PlacementController Controller(long epoch)
    {
        var options = new DeploymentOptions { Home = "/nowhere", HttpPort = 8000 };
        var controller = new PlacementController(stores, Views, new LeastLoadedPlacement(), options);
        Begin(controller, epoch);
        return controller;
    }

    /// <summary>As the host does it, which alone may.</summary>
    private static void Begin(PlacementController controller, long epoch) =>
        typeof(Controller<InstanceSpec, InstanceStatus>).GetProperty("Term", BindingFlags.Instance | BindingFlags.NonPublic)!
            .SetValue(controller, new Fence("controller/placement", epoch));

    /// <summary>As the host does it: the views have caught up before.</summary>
    private async Task<TimeSpan?> ReconcileAsync(PlacementController controller, string id)
    {
        await Views.Hub.CatchUpWithStoreAsync(default);
        return await controller.ReconcileAsync(await GetAsync(id), default);
    }

    private async Task<string[]> CreateAsync(int count, string prefix = "app")
    {
        var made = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var spec = new InstanceSpec { Deployment = $"dep_{i}", Release = "rel_x", Image = "sha256:" + new string('0', 64),
                Command = ["x"], MemoryBytes = 4 * GiB };
            var instance = new NewResource<InstanceSpec> { Name = $"{prefix}-{i}", Project = project, Spec = spec };
            made.Add((await stores.Instances.CreateAsync(caller, instance, null, default)).Value.Id);
        }
        return [.. made];
    }

    private async Task<InstanceResource> GetAsync(string id) => (await stores.Instances.GetAsync(caller, id, AsOf.Latest, default)).Value;

    private async Task<int> PlacedAsync()
    {
        var count = 0;
        await foreach (var instance in stores.Instances.AllAsync(null, null, default)) count += instance.Spec.Node is null ? 0 : 1;
        return count;
    }
}
