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
    public static async ValueTask<Error?> CheckAsync(EntityTransaction transaction, EntityRevision release, CancellationToken cancellationToken)
    {
        if (DeploymentOf(release) is not { } entity) return null;
        var read = await transaction.ReadAsync(entity, cancellationToken);
        if (!read.IsOk || read.Value.State == DeploymentStates.Removing) return null;
        var deployment = ResourceDocument.ToResource<DeploymentSpec, DeploymentStatus>(DeploymentKinds.Deployment, read.Value);
        var id = DeploymentKinds.Release.IdOf(release.Id);
        if (deployment.Spec.Release != id && deployment.Status.Release != id) return null;
        return new Error(
            ErrorKind.Conflict, "RELEASE_IN_USE",
            $"The deployment \"{deployment.Name}\" runs the release \"{ResourceDocument.NameOf(release)}\".",
            $"Deploy or roll back first, or delete the deployment: `strata delete deployment {deployment.Name}`.");
    }

    private static EntityId? DeploymentOf(EntityRevision release)
    {
        using var document = release.Document.Parse();
        return document.RootElement.TryGetProperty("spec", out var spec) && spec.ValueKind == JsonValueKind.Object
            && spec.TryGetProperty("deployment", out var id) && id.ValueKind == JsonValueKind.String
            && DeploymentKinds.Deployment.TryParseId(id.GetString()!, out var entity) ? entity : null;
    }
}
