using System.Text;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Variables;

/// <summary>
/// Which deployments use a secret: those whose variables refer to it, now or in the release that they run. Asked of what is known in
/// memory: a search through the text of the organization's deployments and releases, and only what it finds is read.
/// </summary>
internal sealed class SecretUses(DeploymentViews views)
{
    /// <returns>Each as it is known, and what it says.</returns>
    public async Task<IReadOnlyList<(EntityRevision Revision, DeploymentResource Deployment)>> OfAsync(
        EntityRevision secret, CancellationToken cancellationToken)
    {
        var (tenant, name, project) = (secret.Tenant, ResourceDocument.NameOf(secret), ResourceDocument.ProjectOf(secret));
        await views.Hub.CatchUpWithStoreAsync(tenant, cancellationToken); // with a deploy that has just been acknowledged, by any server
        var releases = Naming(views.Releases.Untyped, tenant, name).Select(views.Releases.TryToResource).OfType<ReleaseResource>()
            .Where(r => r.Spec.Env is { } env && Refers(env, name)).ToList();
        var environment = ResourceDocument.ReadText(secret.Document, "labels", EnvironmentSpec.Label);
        return [.. releases.Select(r => r.Spec.Deployment).Distinct().Select(id => DeploymentOf(tenant, id))
            .Concat(Naming(views.Deployments.Untyped, tenant, name)).OfType<EntityRevision>().DistinctBy(r => r.Id)
            .Select(r => (Revision: r, Deployment: views.Deployments.TryToResource(r)!))
            .Where(x => x.Deployment is { } d && d.Project == project && d.State != DeploymentStates.Removing && !d.Status.Static
                && (environment is null || d.Labels.GetValueOrDefault(EnvironmentSpec.Label) == environment)
                && (Refers(d.Spec.Env, name) || releases.Exists(r => Runs(d, r.Id))))
            .OrderBy(x => x.Deployment.Name, StringComparer.Ordinal)];
    }

    private EntityRevision? DeploymentOf(TenantId tenant, string id) =>
        views.Deployments.Untyped.Kind.TryParseId(id, out var entity)
            ? views.Deployments.Untyped.Get(new ResourceKey(tenant, entity)) : null;

    private static IEnumerable<EntityRevision> Naming(KindInformer informer, TenantId tenant, string secret)
    {
        var text = Encoding.UTF8.GetBytes(new VariableReference(secret).ToString());
        return informer.All(tenant).Where(r => r.Document.Utf8.Span.IndexOf(text) >= 0);
    }

    private static bool Runs(DeploymentResource deployment, string release) =>
        deployment.Spec.Release == release || deployment.Status.Release == release || deployment.Status.Candidate == release;

    private static bool Refers(IReadOnlyDictionary<string, string> variables, string secret) =>
        variables.Values.Any(value => VariableReference.In(value).Any(r => r.Secret == secret));
}
