global using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;
global using InstanceResource = Strata.Core.Resource<Strata.Contracts.InstanceSpec, Strata.Contracts.InstanceStatus>;
global using ReleaseResource = Strata.Core.Resource<Strata.Contracts.ReleaseSpec, Strata.Contracts.ReleaseStatus>;
