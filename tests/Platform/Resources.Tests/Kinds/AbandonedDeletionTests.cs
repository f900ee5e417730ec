using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Kinds;

public sealed class AbandonedDeletionTests
{
    [Fact]
    public async Task Reconcile_OfAMarkThatNobodyFollowedUp_TakesItBack_AndASlowDeletionFails()
    {
        await using var cloud = await TestCloud.StartAsync();
        var begun = await cloud.Projects.ChangeAsync(cloud.Caller, "home", x => x, ProjectKind.Kind.Deleting!.Begin, null, default);
        var time = new FakeTime();
        time.Advance(begun.Value.UpdatedAt + TimeSpan.FromSeconds(20) - time.GetUtcNow());
        var controller = ControllerOf(cloud, time);
        var left = await controller.ReconcileAsync(await FindAsync(), default);
        Assert.Equal(TimeSpan.FromSeconds(40), left);
        Assert.Equal(ProjectKind.Deleting, (await FindAsync()).State);

        time.Advance(left!.Value);
        Assert.Null(await controller.ReconcileAsync(await FindAsync(), default));
        Assert.Equal("ACTIVE", (await FindAsync()).State);
        await cloud.AddLampAsync("desk");
        var late = await cloud.Projects.DeleteAsync(cloud.Caller, "home", new Revision(begun.Value.Revision), default);
        Assert.Equal(ErrorKind.PreconditionFailed, late.Error?.Kind);

        async Task<Resource<ProjectSpec, Nothing>> FindAsync() =>
            (await cloud.Projects.GetAsync(cloud.Caller, "home", AsOf.Latest, default)).Value;
    }

    /// <summary>As a server leaves it that dies after it has created a project in an organization that is being deleted.</summary>
    [Fact]
    public async Task Reconcile_OfAProjectOfADeletedOrganization_DeletesIt()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (organizations, caller) = await AddOrganizationAsync(cloud);
        var project = (await cloud.Projects.CreateAsync(caller,
            new NewResource<ProjectSpec> { Name = "left", Spec = new ProjectSpec() }, null, default)).Value;
        var time = new FakeTime();
        time.Advance(project.CreatedAt + TimeSpan.FromSeconds(70) - time.GetUtcNow());
        var controller = ControllerOf(cloud, time);
        Assert.Null(await controller.ReconcileAsync(project, default));
        Assert.True((await cloud.Projects.GetAsync(caller, project.Id, AsOf.Latest, default)).IsOk); // its organization is there
        Assert.True((await organizations.DeleteAsync(new Caller(TenantId.Platform, "user:test"), "o", null, default)).IsOk);
        time.Advance(TimeSpan.FromSeconds(-30));
        Assert.Equal(TimeSpan.FromSeconds(20), await controller.ReconcileAsync(project, default));
        Assert.True((await cloud.Projects.GetAsync(caller, project.Id, AsOf.Latest, default)).IsOk); // its server may still do so
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(await controller.ReconcileAsync(project, default));
        Assert.Equal(ErrorKind.NotFound, (await cloud.Projects.GetAsync(caller, project.Id, AsOf.Latest, default)).Error?.Kind);
    }

    /// <summary>What is created between the look and the deletion is not left without its project.</summary>
    [Fact]
    public async Task Reconcile_OfAProjectOfADeletedOrganization_InWhichSomethingIsCreatedMeanwhile_KeepsIt()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (organizations, caller) = await AddOrganizationAsync(cloud);
        var project = (await cloud.Projects.CreateAsync(caller,
            new NewResource<ProjectSpec> { Name = "home", Spec = new ProjectSpec() }, null, default)).Value;
        Assert.True((await organizations.DeleteAsync(new Caller(TenantId.Platform, "user:test"), "o", null, default)).IsOk);
        var time = new FakeTime();
        time.Advance(project.CreatedAt + TimeSpan.FromSeconds(70) - time.GetUtcNow());
        cloud.Log.BeforeAppend = async commit =>
        {
            if (commit.Tenant != caller.Tenant) return;
            cloud.Log.BeforeAppend = null;
            await cloud.AddLampAsync("desk", caller);
        };
        Assert.Null(await ControllerOf(cloud, time).ReconcileAsync(project, default));
        Assert.True((await cloud.Lamps.GetAsync(caller, "desk", AsOf.Latest, default)).IsOk);
        Assert.Equal("ACTIVE", (await cloud.Projects.GetAsync(caller, project.Id, AsOf.Latest, default)).Value.State);
    }

    /// <summary>
    /// A deletion that hangs between its mark and its end fails, so that the project that was created meanwhile has an organization.
    /// </summary>
    [Fact]
    public async Task CreateProject_InAnOrganizationWhoseDeletionHangs_TakesTheMarkBack()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (organizations, caller) = await AddOrganizationAsync(cloud);
        var platform = new Caller(TenantId.Platform, "user:test");
        var marked = (await organizations.GetAsync(platform, "o", AsOf.Latest, default)).Value;
        cloud.Log.BeforeAppend = async commit =>
        {
            if (commit.Tenant != caller.Tenant) return;
            cloud.Log.BeforeAppend = null; // the organization is marked between the first look and the creation
            marked = (await organizations.ChangeAsync(platform, "o", x => x, OrganizationKind.Kind.Deleting!.Begin, null, default)).Value;
        };
        var made = await cloud.Projects.CreateAsync(caller,
            new NewResource<ProjectSpec> { Name = "kept", Spec = new ProjectSpec() }, null, default);
        Assert.True(made.IsOk);
        Assert.Equal(OrganizationKind.Active, (await organizations.GetAsync(platform, "o", AsOf.Latest, default)).Value.State);
        Assert.Equal(ErrorKind.PreconditionFailed, (await organizations.DeleteAsync(platform, "o", new Revision(marked.Revision),
            default)).Error?.Kind);
    }

    /// <summary>Without a view of organizations, so that the log is asked.</summary>
    private static AbandonedProjectDeletion ControllerOf(TestCloud cloud, TimeProvider time)
    {
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(cloud.Engine, OrganizationKind.Kind, TimeProvider.System);
        var informer = new Informer<OrganizationSpec, Nothing>(new KindInformer(organizations.Untyped, []), organizations);
        return new(cloud.Projects, informer, cloud.Log,
            new OwnedResources(cloud.Log, [OrganizationKind.Kind, ProjectKind.Kind, LampKind.Kind]), time);
    }

    private static async Task<(ResourceStore<OrganizationSpec, Nothing> Organizations, Caller Caller)> AddOrganizationAsync(TestCloud cloud)
    {
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(cloud.Engine, OrganizationKind.Kind, TimeProvider.System);
        var made = (await organizations.CreateAsync(new Caller(TenantId.Platform, "user:test"),
            new NewResource<OrganizationSpec> { Name = "o", Spec = new() }, null, default)).Value;
        Assert.True(TenantId.TryParse(made.Id, out var tenant));
        return (organizations, new Caller(tenant, "user:test"));
    }
}
