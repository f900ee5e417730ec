using Strata.Contracts;
using Strata.Nodes.Kinds;
using Strata.Resources.Informers;

namespace Strata.Deployments;

/// <summary>The kinds of deployments in this process's informers: for controllers, which read nothing else while nothing changes.</summary>
public sealed record DeploymentViews(
    InformerHub Hub,
    Informer<DeploymentSpec, DeploymentStatus> Deployments,
    Informer<ReleaseSpec, ReleaseStatus> Releases,
    Informer<RouteSpec, RouteStatus> Routes,
    Informer<InstanceSpec, InstanceStatus> Instances,
    Informer<NodeSpec, NodeStatus> Nodes)
{
    /// <summary>By what <c>spec.deployment</c> says: the deployment's id; of a release that was just made, perhaps its name.</summary>
    public static readonly InformerIndex ReleasesByDeployment = InformerIndex.OfMember("deployment", isGlobal: false, "spec", "deployment");

    public static readonly InformerIndex RoutesByDeployment = InformerIndex.OfMember("deployment", isGlobal: false, "spec", "deployment");

    public IReadOnlyList<ReleaseResource> ReleasesOf(DeploymentResource deployment) =>
        Releases.Find(ReleasesByDeployment, StoreQueries.Tenant(deployment.Org), deployment.Id);

    /// <summary>Also those that name it by its name still, because they were just made.</summary>
    public IEnumerable<ReleaseResource> AllReleasesOf(DeploymentResource deployment) => new[] { deployment.Id, deployment.Name }
        .SelectMany(reference => Releases.Find(ReleasesByDeployment, StoreQueries.Tenant(deployment.Org), reference));

    public IReadOnlyList<RouteResource> RoutesOf(DeploymentResource deployment) =>
        Routes.Find(RoutesByDeployment, StoreQueries.Tenant(deployment.Org), deployment.Id);

    public IReadOnlyList<InstanceResource> InstancesOf(DeploymentResource deployment) =>
        Instances.Find(InstanceIndexes.ByDeployment, StoreQueries.Tenant(deployment.Org), deployment.Id);
}
