using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>A secret that deployments use is destroyed only on purpose: their instances could not be started again.</summary>
internal sealed class SecretInUseGuard(SecretUses uses) : IDeletionGuard
{
    public Kind Kind => SecretKind.Kind;

    public string Guarded => "a secret that variables of deployments refer to";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => async (_, cancellationToken) =>
    {
        var found = await uses.OfAsync(resource, cancellationToken);
        return found.Count == 0 ? null : InUse(
            ResourceDocument.NameOf(resource), found.FirstOrDefault(x => Sees(principal, x.Revision)).Deployment?.Name, found.Count);
    };

    public static bool Sees(Principal principal, EntityRevision deployment) =>
        principal.May(DeploymentKinds.Deployment.ReadPermission, DeploymentKinds.Deployment, deployment);

    /// <param name="seen">Null: all are such that the caller does not see.</param>
    private static Error InUse(string name, string? seen, int count) => new(
        ErrorKind.Conflict, "SECRET_IN_USE",
        $"The secret \"{name}\" is in use: variables of {Naming(seen, count)} refer to it, and no instance could be started again.",
        $"{(seen is null ? "" : $"Take it out of them first (strata env list {seen}). ")}"
            + "To do it anyway, add --force (over HTTP: ?force=true).");

    private static string Naming(string? seen, int count) => seen is null ? "deployments that you do not see"
        : $"the deployment \"{seen}\"{(count > 1 ? $" and {count - 1} more" : "")}";
}
