using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Retention;

/// <summary>
/// Deletes a deployment's old releases with their build logs: all but those in use, and of each outcome (ready, failed, cancelled) the newest. Their blobs go with the next sweep;
/// their history stays in the log as everything does.
/// </summary>
internal sealed class RetentionController(DeploymentStores stores, DeploymentViews views, ILines lines, DeploymentOptions options) : Controller<DeploymentSpec, DeploymentStatus>
{

    public override string Name => "retention";

    public override Kind<DeploymentSpec, DeploymentStatus> Kind => DeploymentKinds.Deployment;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(DeploymentResource resource, CancellationToken cancellationToken)
    {
        if (resource.State is not (DeploymentStates.Running or DeploymentStates.Failed)) return null;
        var caller = CallerIn(StoreQueries.Tenant(resource.Org));
        foreach (var release in Expired(resource, views.ReleasesOf(resource), options.ReleasesKept))
        {
            await lines.DeleteAsync(caller.Tenant, StoreQueries.Entity(DeploymentKinds.Release.IdPrefix, release.Id), cancellationToken);
            var deleted = await stores.Releases.DeleteAsync(caller, release.Id, null, cancellationToken);
            if (deleted.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
        }
        return null;
    }

    /// <summary>Which releases may go. Pure.</summary>
    internal static IEnumerable<ReleaseResource> Expired(DeploymentResource deployment, IReadOnlyList<ReleaseResource> releases, int kept)
    {
        // Not by number alone: a release that was cancelled while it waited for its build has none, however new it is.
        var newest = releases.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Status.Number).ToList();
        var old = ((string[])[ReleaseStates.Ready, ReleaseStates.Failed, ReleaseStates.Cancelled]).SelectMany(state => newest.Where(x => x.State == state).Skip(kept));
        return old.Where(x => x.Id != deployment.Spec.Release && x.Id != deployment.Status.Release && x.Id != deployment.Status.Candidate);
    }
}
