global using DeploymentResource = Strata.Core.Resource<Strata.Deployments.Kinds.DeploymentSpec, Strata.Deployments.Kinds.DeploymentStatus>;
global using InstanceResource = Strata.Core.Resource<Strata.Nodes.Kinds.InstanceSpec, Strata.Nodes.Kinds.InstanceStatus>;
global using NodeResource = Strata.Core.Resource<Strata.Nodes.Kinds.NodeSpec, Strata.Nodes.Kinds.NodeStatus>;
global using ReleaseResource = Strata.Core.Resource<Strata.Deployments.Kinds.ReleaseSpec, Strata.Deployments.Kinds.ReleaseStatus>;
global using RouteResource = Strata.Core.Resource<Strata.Deployments.Kinds.RouteSpec, Strata.Deployments.Kinds.RouteStatus>;
