using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;

namespace Strata.Cli.Deploying;

/// <summary>
/// Deletes the deployment that a deploy created and whose release was refused, or whose source was rejected before anything was built.
/// </summary>
internal static class RejectedDeploy
{
    private const int TriesMax = 5;

    /// <summary>
    /// Deletes it unless someone uses it by now. The platform may have written its status since, so a new revision alone does not mean use;
    /// a changed spec or another release does. Best effort: a deployment that is left reports what became of its release.
    /// </summary>
    /// <param name="created">As the deploy created it.</param>
    /// <param name="release">Id of the rejected release; null: none was created.</param>
    /// <returns>Whether it was deleted.</returns>
    public static async Task<bool> UndoAsync(Run run, DeploymentResource created, string? release)
    {
        var deployments = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        for (var (attempt, revision) = (1, created.Revision); attempt <= TriesMax; attempt++)
        {
            try
            {
                if (await HasOtherReleasesAsync(run, created.Id, release)) return false;
                await deployments.DeleteAsync(created.Id, ifMatch: revision, cancellationToken: CancellationToken.None);
                return true;
            }
            catch (StrataException e) when (e.Error.Kind == ErrorKind.PreconditionFailed)
            {
                if (await UnusedAsync(deployments, created, release) is not { } now) return false;
                revision = now.Revision;
            }
            catch (StrataException)
            {
                return false; // why the release was rejected is what is reported
            }
        }
        return false;
    }

    private static async Task<bool> HasOtherReleasesAsync(Run run, string deployment, string? release)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment }, PageSize = 2 };
        await foreach (
            var found in run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases).ListAsync(filter, CancellationToken.None))
        {
            if (found.Id != release) return true;
        }
        return false;
    }

    /// <summary>The deployment as it is now, if only the platform has written to it; null otherwise.</summary>
    private static async Task<DeploymentResource?> UnusedAsync(
        ResourceClient<DeploymentSpec, DeploymentStatus> deployments, DeploymentResource created, string? release)
    {
        try
        {
            var now = await deployments.FindAsync(created.Id, cancellationToken: CancellationToken.None);
            var isUnused = now is { Status.Release: null } && (now.Status.Candidate is null || now.Status.Candidate == release)
                && (now.State == created.State || (release is not null && now.State == DeploymentStates.Failed))
                && ResourcePatch.Between(created, now) is { Spec: null, Labels: null };
            return isUnused ? now : null;
        }
        catch (StrataException)
        {
            return null;
        }
    }
}
