global using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;
global using InstanceResource = Strata.Core.Resource<Strata.Contracts.InstanceSpec, Strata.Contracts.InstanceStatus>;
global using NodeResource = Strata.Core.Resource<Strata.Contracts.NodeSpec, Strata.Contracts.NodeStatus>;
global using ReleaseResource = Strata.Core.Resource<Strata.Contracts.ReleaseSpec, Strata.Contracts.ReleaseStatus>;
global using RouteResource = Strata.Core.Resource<Strata.Contracts.RouteSpec, Strata.Contracts.RouteStatus>;
