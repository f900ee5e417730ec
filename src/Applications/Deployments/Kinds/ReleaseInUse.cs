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

    /// <summary>Of a user's deletion: one that a deployment is about to run may be deleted, which ends the deploy.</summary>
    public static ValueTask<Error?> CheckAsync(
        EntityTransaction transaction, EntityRevision release, CancellationToken cancellationToken) =>
        DeploymentOf(release) is not { } entity ? default : CheckAsync(
            transaction, entity, DeploymentKinds.Release.IdOf(release.Id), ResourceDocument.NameOf(release),
            (deployment, id) => deployment.State != DeploymentStates.Removing && Runs(deployment, id), cancellationToken);

    /// <summary>Of the platform's own deletions: one that a deployment is about to run is in use too.</summary>
    public static ValueTask<Error?> CheckWithCandidateAsync(
        EntityTransaction transaction, EntityId deployment, ReleaseResource release, CancellationToken cancellationToken) =>
        CheckAsync(transaction, deployment, release.Id, release.Name, Uses, cancellationToken);

    private static async ValueTask<Error?> CheckAsync(
        EntityTransaction transaction, EntityId entity, string id, string name, Func<DeploymentResource, string, bool> uses,
        CancellationToken cancellationToken)
    {
        var read = await transaction.ReadAsync(entity, cancellationToken);
        if (!read.IsOk) return null;
        var deployment = ResourceDocument.ToResource<DeploymentSpec, DeploymentStatus>(DeploymentKinds.Deployment, read.Value);
        if (!uses(deployment, id)) return null;
        return new Error(
            ErrorKind.Conflict, Code, $"The deployment \"{deployment.Name}\" runs the release \"{name}\".",
            $"Deploy or roll back first, or delete the deployment: `strata delete deployment {deployment.Name}`.");
    }

    /// <summary>Whether a deployment runs a release, is to run it, or has it built.</summary>
    public static bool Uses(DeploymentResource deployment, string release) =>
        Runs(deployment, release) || deployment.Status.Candidate == release;

    private static bool Runs(DeploymentResource deployment, string release) =>
        deployment.Spec.Release == release || deployment.Status.Release == release;

    private static EntityId? DeploymentOf(EntityRevision release)
    {
        using var document = release.Document.Parse();
        return document.RootElement.TryGetProperty("spec", out var spec) && spec.ValueKind == JsonValueKind.Object
            && spec.TryGetProperty("deployment", out var id) && id.ValueKind == JsonValueKind.String
            && DeploymentKinds.Deployment.TryParseId(id.GetString()!, out var entity) ? entity : null;
    }
}
