using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Build;

/// <summary>What the progress of a release's build changes in its deployment. Stateless.</summary>
internal static class BuildOutcome
{
    /// <summary>A build that was cancelled in the queue never was its deployment's candidate.</summary>
    public static DeploymentStatus Cleared(DeploymentResource deployment, ReleaseResource release, string? what)
    {
        var status = deployment.Status;
        if (status.Candidate is { } other && other != release.Id) return status;
        var isNews = what is not null && status.Release is null && deployment.State is DeploymentStates.Pending or DeploymentStates.Failed;
        var message = isNews ? DeployMessages.NothingServes(deployment.Name, release.Spec.Source, what!) : status.Message;
        return status with { Candidate = null, Message = message };
    }

    /// <summary>A release that was built late does not replace a newer one; ids increase with the time of creation.</summary>
    public static Result<DeploymentResource> Promoted(DeploymentResource deployment, ReleaseResource release, int? replicas) =>
        deployment.Spec.Release is { } present && string.CompareOrdinal(present, release.Id) > 0
            ? BuildErrors.Overtaken()
            : deployment with { Spec = Promoted(deployment.Spec, release, replicas), Status = deployment.Status with { Message = null } };

    private static DeploymentSpec Promoted(DeploymentSpec spec, ReleaseResource release, int? replicas) => spec with
    {
        Release = release.Id,
        Run = release.Status.Number == 1 && replicas is { } count ? spec.Run with { Replicas = count } : spec.Run,
    };

    public static Result<DeploymentResource> Failed(DeploymentResource deployment, ReleaseResource release) =>
        deployment.Status.Candidate == release.Id
        ? deployment with { Status = deployment.Status with { Candidate = null, Message = NotBuilt(deployment, release) } }
        : BuildErrors.Overtaken();

    private static string NotBuilt(DeploymentResource deployment, ReleaseResource release)
    {
        var what = $"Release {release.Name} was not built: {release.Status.Message}";
        return deployment.Status.Release is null ? DeployMessages.NothingServes(deployment.Name, release.Spec.Source, what) : what;
    }

    /// <summary>
    /// The outcome of an earlier deploy no longer matters if nothing serves; FAILED keeps its reason until this deploy ends.
    /// </summary>
    public static DeploymentStatus WithCandidate(DeploymentResource deployment, string release) => deployment.Status with
    {
        Candidate = release, Message = deployment.State == DeploymentStates.Pending ? null : deployment.Status.Message,
    };
}
