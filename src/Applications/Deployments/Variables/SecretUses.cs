using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Deployments.Variables;

/// <summary>
/// Which deployments use a secret: those whose variables refer to it, now or in the release that they run. Asked of what is known in
/// memory; costs a look at each deployment of the organization.
/// </summary>
internal sealed class SecretUses(DeploymentViews views)
{
    /// <param name="project">Id of the secret's project.</param>
    /// <returns>Each as it is known, and what it says.</returns>
    public async Task<IReadOnlyList<(EntityRevision Revision, DeploymentResource Deployment)>> OfAsync(
        TenantId tenant, string project, string secret, CancellationToken cancellationToken)
    {
        await views.Hub.CatchUpAsync(tenant, cancellationToken); // with a deploy that has just been acknowledged
        return [.. views.Deployments.Untyped.All(tenant).Select(r => (Revision: r, Deployment: views.Deployments.TryToResource(r)!))
            .Where(x => x.Deployment is { } d && d.Project == project && d.State != DeploymentStates.Removing && Uses(tenant, d, secret))
            .OrderBy(x => x.Deployment.Name, StringComparer.Ordinal)];
    }

    private bool Uses(TenantId tenant, DeploymentResource deployment, string secret) => Refers(deployment.Spec.Env, secret)
        || new[] { deployment.Spec.Release, deployment.Status.Release, deployment.Status.Candidate }.OfType<string>().Distinct()
            .Any(id => views.Releases.Get(tenant, id) is { Spec.Env: { } variables } && Refers(variables, secret));

    private static bool Refers(IReadOnlyDictionary<string, string> variables, string secret) => variables.Values.Any(
        value => VariableReference.In(value).Any(r => r.Kind == VariableReference.Secret && r.Name == secret));
}
