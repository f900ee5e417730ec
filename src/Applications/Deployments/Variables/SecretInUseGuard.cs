using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
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
        var name = ResourceDocument.NameOf(resource);
        var found = await uses.OfAsync(resource.Tenant, ResourceDocument.ProjectOf(resource)!, name, cancellationToken);
        return found is [var first, ..] ? InUse(name, first.Deployment.Name, found.Count - 1) : null;
    };

    private static Error InUse(string name, string first, int others) => new(
        ErrorKind.Conflict, "SECRET_IN_USE",
        $"The secret \"{name}\" is in use: variables of the deployment \"{first}\"{(others > 0 ? $" and {others} more" : "")} refer to it, "
            + "and no instance of it could be started again.",
        $"Remove them first: strata env unset. To do it anyway: strata delete secret/{name} --force -y (over HTTP: ?force=true).");
}
