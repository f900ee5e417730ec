global using DeploymentResource = Strata.Core.Resource<Strata.Deployments.Kinds.DeploymentSpec, Strata.Deployments.Kinds.DeploymentStatus>;
global using InstanceResource = Strata.Core.Resource<Strata.Nodes.Kinds.InstanceSpec, Strata.Nodes.Kinds.InstanceStatus>;
global using ReleaseResource = Strata.Core.Resource<Strata.Deployments.Kinds.ReleaseSpec, Strata.Deployments.Kinds.ReleaseStatus>;
