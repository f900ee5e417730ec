using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Server.Bootstrap;
using Strata.Storage.Memory;

namespace Strata.Server.Tests.Bootstrap;

public sealed class FirstStartTests
{
    [Fact]
    public async Task EnsureOrganization_DeletionsThatWereCutOff_AreTakenBack()
    {
        var time = TimeProvider.System;
        var definitions = new StaticDefinitions([OrganizationKind.Kind.Definition, ProjectKind.Kind.Definition]);
        var engine = new EntityEngine(new MemoryLog(time), definitions, new InProcessComputation([], []), time);
        var start = new FirstStart(engine, null!, null!, null!, "server", time); // these three are for tokens
        var (tenant, isNew) = await start.EnsureOrganizationAsync(default);
        Assert.True(isNew);
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, time);
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, time);
        var (platform, caller) = (new Caller(TenantId.Platform, "test"), new Caller(tenant, "test"));
        Assert.True(
            (await organizations.ChangeAsync(platform, "default", x => x, OrganizationKind.Kind.Deleting!.Begin, null, default)).IsOk);
        Assert.True((await projects.ChangeAsync(caller, "default", x => x, ProjectKind.Kind.Deleting!.Begin, null, default)).IsOk);

        Assert.Equal((tenant, false), await start.EnsureOrganizationAsync(default));
        Assert.Equal("ACTIVE", (await organizations.GetAsync(platform, "default", AsOf.Latest, default)).Value.State);
        Assert.Equal("ACTIVE", (await projects.GetAsync(caller, "default", AsOf.Latest, default)).Value.State);
    }
}
