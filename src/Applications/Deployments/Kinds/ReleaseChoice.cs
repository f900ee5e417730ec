using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Kinds;

/// <summary>A user sets a deployment's release only to one of its own that is ready: any other could not run.</summary>
internal static class ReleaseChoice
{
    public static async ValueTask<Error?> CheckAsync(
        EntityTransaction transaction, EntityRevision deployment, JsonElement spec, CancellationToken cancellationToken)
    {
        if (!spec.TryGetProperty("release", out var member) || member.ValueKind != JsonValueKind.String) return null;
        if (member.GetString() is not { } id || id == ResourceDocument.ReadText(deployment.Document, "spec", "release")) return null;
        var name = ResourceDocument.NameOf(deployment);
        if (!DeploymentKinds.Release.TryParseId(id, out var entity)
            || !(await transaction.ReadAsync(entity, cancellationToken)).TryGet(out var read, out _)
            || read.Model != DeploymentKinds.Release.Model)
            return Refused(name, $"There is no release \"{id}\".");
        var release = ResourceDocument.ToResource<ReleaseSpec, ReleaseStatus>(DeploymentKinds.Release, read);
        if (release.Spec.Deployment != DeploymentKinds.Deployment.IdOf(deployment.Id) && release.Spec.Deployment != name)
            return Refused(name, $"The release \"{release.Name}\" belongs to another deployment than \"{name}\".");
        return release.State == ReleaseStates.Ready
            ? null : Refused(name, $"The release \"{release.Name}\" is {release.State} and cannot run.");
    }

    private static Error Refused(string deployment, string why) =>
        new(ErrorKind.Conflict, "RELEASE_NOT_USABLE", why,
            $"List the releases of {deployment} with: strata describe deployment/{deployment}");
}
