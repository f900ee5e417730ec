using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Kinds;

/// <summary>A release that its deployment runs, or is to run, is not deleted by a user: it could not be started again.</summary>
internal static class ReleaseInUse
{
    public const string Code = "RELEASE_IN_USE";

    public static async ValueTask<Error?> CheckAsync(EntityTransaction transaction, EntityRevision release, CancellationToken cancellationToken)
    {
        if (DeploymentOf(release) is not { } entity) return null;
        var read = await transaction.ReadAsync(entity, cancellationToken);
        if (!read.IsOk || read.Value.State == DeploymentStates.Removing) return null;
        var deployment = ResourceDocument.ToResource<DeploymentSpec, DeploymentStatus>(DeploymentKinds.Deployment, read.Value);
        var id = DeploymentKinds.Release.IdOf(release.Id);
        if (deployment.Spec.Release != id && deployment.Status.Release != id) return null;
        return new Error(
            ErrorKind.Conflict, Code,
            $"The deployment \"{deployment.Name}\" runs the release \"{ResourceDocument.NameOf(release)}\".",
            $"Deploy or roll back first, or delete the deployment: `strata delete deployment {deployment.Name}`.");
    }

    /// <summary>As the check on a user's deletion, and the release that a deployment is about to run is in use too: a user may delete it, which ends the deploy.</summary>
    public static async ValueTask<Error?> CheckWithCandidateAsync(
        EntityTransaction transaction, EntityId deployment, string release, CancellationToken cancellationToken)
    {
        var read = await transaction.ReadAsync(deployment, cancellationToken);
        if (!read.IsOk) return null;
        var now = ResourceDocument.ToResource<DeploymentSpec, DeploymentStatus>(DeploymentKinds.Deployment, read.Value);
        return Uses(now, release) ? new Error(ErrorKind.Conflict, Code, $"The deployment \"{now.Name}\" uses the release.") : null;
    }

    /// <summary>Whether a deployment runs a release, is to run it, or has it built.</summary>
    public static bool Uses(DeploymentResource deployment, string release) =>
        deployment.Spec.Release == release || deployment.Status.Release == release || deployment.Status.Candidate == release;

    private static EntityId? DeploymentOf(EntityRevision release)
    {
        using var document = release.Document.Parse();
        return document.RootElement.TryGetProperty("spec", out var spec) && spec.ValueKind == JsonValueKind.Object
            && spec.TryGetProperty("deployment", out var id) && id.ValueKind == JsonValueKind.String
            && DeploymentKinds.Deployment.TryParseId(id.GetString()!, out var entity) ? entity : null;
    }
}
