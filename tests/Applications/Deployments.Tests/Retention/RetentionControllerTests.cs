using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Deployments.Retention;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Deployments.Tests.Retention;

/// <summary>Old releases go, and one that its deployment has begun to use meanwhile stays, whatever the view shows.</summary>
public sealed class RetentionControllerTests : IAsyncLifetime
{
    private readonly Caller caller = new(TenantId.New(TimeProvider.System), "test");
    private readonly MemoryLines lines = new(TimeProvider.System);
    private DeploymentStores stores = null!;
    private ServiceProvider services = null!;

    private DeploymentViews Views => services.GetRequiredService<DeploymentViews>();

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
        await projects.CreateAsync(caller, new NewResource<ProjectSpec> { Name = "web", Spec = new ProjectSpec() }, null, default);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in services.GetServices<IHostedService>()) await part.StopAsync(default);
        await services.DisposeAsync();
    }

    [Fact]
    public async Task Reconcile_AReleaseThatIsUsedByNow_StaysWithItsLog_AndGoesWhenItIsNot()
    {
        var shop = (await stores.Deployments.CreateAsync(
            caller, new NewResource<DeploymentSpec> { Name = "shop", Project = "web", Spec = new DeploymentSpec() }, null, default)).Value;
        var spec = new ReleaseSpec { Deployment = shop.Id, Source = new SourceConfig { Archive = "sha256:" + new string('a', 64) } };
        var release = (
            await stores.Releases.CreateAsync(
                caller, new NewResource<ReleaseSpec> { Name = "shop-1", Project = "web", Spec = spec }, null, default)).Value;
        Assert.True((await stores.Releases.ChangeAsync(caller, release.Id, x => x, "cancel", null, default)).IsOk);
        var stream = DeploymentKinds.Release.EntityOf(release.Id);
        await lines.AppendAsync(caller.Tenant, stream, "built\n"u8.ToArray(), default);
        await Views.Hub.CatchUpWithStoreAsync(default);
        var seen = shop with { State = DeploymentStates.Running };
        var controller = new RetentionController(
            stores, Views, lines, new DeploymentOptions { Home = "/nowhere", HttpPort = 8000, ReleasesKept = 0 });

        await SetCandidateAsync(shop, release.Id);
        await controller.ReconcileAsync(seen, default);
        Assert.True((await stores.Releases.GetAsync(caller, release.Id, AsOf.Latest, default)).IsOk);
        Assert.NotEmpty(await lines.ReadAsync(caller.Tenant, stream, 0, 10, default));

        await SetCandidateAsync(shop, null);
        await controller.ReconcileAsync(seen, default);
        Assert.False((await stores.Releases.GetAsync(caller, release.Id, AsOf.Latest, default)).IsOk);
        Assert.Empty(await lines.ReadAsync(caller.Tenant, stream, 0, 10, default));
    }

    private async Task SetCandidateAsync(DeploymentResource deployment, string? release) =>
        Assert.True((await stores.Deployments.ChangeAsync(
        caller, deployment.Id, x => x with { Status = x.Status with { Candidate = release } }, null, null, default)).IsOk);
}
