using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
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
        var time = new ManualTime();
        time.Advance(begun.Value.UpdatedAt + TimeSpan.FromSeconds(20) - time.GetUtcNow());
        var controller = new AbandonedProjectDeletion(cloud.Projects, time);
        var left = await controller.ReconcileAsync(await FindAsync(), default);
        Assert.Equal(TimeSpan.FromSeconds(40), left);
        Assert.Equal(ProjectKind.Deleting, (await FindAsync()).State);

        time.Advance(left!.Value);
        Assert.Null(await controller.ReconcileAsync(await FindAsync(), default));
        Assert.Equal("ACTIVE", (await FindAsync()).State);
        await cloud.AddLampAsync("desk");
        var late = await cloud.Projects.DeleteAsync(cloud.Caller, "home", new Revision(begun.Value.Revision), default);
        Assert.Equal(ErrorKind.PreconditionFailed, late.Error?.Kind);

        async Task<Resource<ProjectSpec, Nothing>> FindAsync() => (await cloud.Projects.GetAsync(cloud.Caller, "home", AsOf.Latest, default)).Value;
    }
}
