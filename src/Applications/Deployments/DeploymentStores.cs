using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Deployments;

/// <summary>The stores of the kinds that deployments are made of.</summary>
public sealed record DeploymentStores(
    ResourceStore<DeploymentSpec, DeploymentStatus> Deployments,
    ResourceStore<ReleaseSpec, ReleaseStatus> Releases,
    ResourceStore<RouteSpec, RouteStatus> Routes,
    ResourceStore<InstanceSpec, InstanceStatus> Instances,
    ResourceStore<NodeSpec, NodeStatus> Nodes,
    ResourceStore<OrganizationSpec, Nothing> Organizations);
