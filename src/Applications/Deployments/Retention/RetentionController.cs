using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Retention;

/// <summary>
/// Deletes a deployment's old releases with their build logs: all but those in use, and of each outcome (ready, failed, cancelled) the
/// newest. Their blobs go with the next sweep; their history stays in the log as everything does.
/// <para>The view may be behind: a release is deleted only if it is as it was seen, and if its deployment, read in the same transaction,
/// does not use it. Its log goes after it, so that a release that stays keeps its log.</para>
/// </summary>
internal sealed class RetentionController(DeploymentStores stores, DeploymentViews views, ILines lines, DeploymentOptions options)
    : Controller<DeploymentSpec, DeploymentStatus>
{
    /// <summary>
    /// The log of a deleted release, until it is deleted too: the release is not seen again. If the server stops in between, the log is
    /// left behind. Null: none.
    /// </summary>
    private (TenantId Tenant, string Release)? orphan;

    public override string Name => "retention";

    public override Kind<DeploymentSpec, DeploymentStatus> Kind => DeploymentKinds.Deployment;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(DeploymentResource resource, CancellationToken cancellationToken)
    {
        await DeleteOrphanAsync(cancellationToken);
        if (!Retires(resource.State)) return null;
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        var deployment = DeploymentKinds.Deployment.EntityOf(resource.Id);
        foreach (var release in Expired(resource, views.ReleasesOf(resource), options.ReleasesKept))
        {
            orphan = (caller.Tenant, release.Id); // before: the outcome may stay unknown
            var deleted = await stores.Releases.DeleteAsync(
                caller, release.Id, new Revision(release.Revision), CheckAsync, cancellationToken);
            // the view is behind; the next look decides
            if (deleted.Error is { Code: ReleaseInUse.Code or ResourceErrors.ModifiedCode }) continue;
            if (deleted.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
            await DeleteOrphanAsync(cancellationToken);

            ValueTask<Error?> CheckAsync(EntityTransaction transaction, CancellationToken stop) =>
                ReleaseInUse.CheckWithCandidateAsync(transaction, deployment, release, stop);
        }
        return null;
    }

    private async ValueTask DeleteOrphanAsync(CancellationToken cancellationToken)
    {
        if (orphan is not var (tenant, release)) return;
        var found = await stores.Releases.GetAsync(CallerIn(tenant), release, AsOf.Latest, cancellationToken);
        if (found.Error?.Kind == ErrorKind.NotFound)
            await lines.DeleteAsync(tenant, StoreQueries.Entity(DeploymentKinds.Release.IdPrefix, release), cancellationToken);
        orphan = null;
    }

    /// <summary>
    /// Whether a deployment's releases are looked at. One that never ran has releases too: those whose builds failed. While a release is
    /// rolled out they are left alone, and those of a deployment that is being removed go with it.
    /// </summary>
    internal static bool Retires(string state) => state is DeploymentStates.Pending or DeploymentStates.Running or DeploymentStates.Failed;

    /// <summary>Which releases may go. Pure.</summary>
    internal static IEnumerable<ReleaseResource> Expired(DeploymentResource deployment, IReadOnlyList<ReleaseResource> releases, int kept)
    {
        // Not by number alone: a release that was cancelled while it waited for its build has none, however new it is.
        var newest = releases.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Status.Number).ToList();
        var old = ((string[])[ReleaseStates.Ready, ReleaseStates.Failed, ReleaseStates.Cancelled])
            .SelectMany(state => newest.Where(x => x.State == state).Skip(kept));
        return old.Where(x => !ReleaseInUse.Uses(deployment, x.Id));
    }
}
