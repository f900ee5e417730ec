using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Blobs;
using Strata.Contracts;
using Strata.Core.Sharing;
using Strata.Deployments.Api;
using Strata.Deployments.Build;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Images;
using Strata.Deployments.Kinds;
using Strata.Deployments.Placement;
using Strata.Deployments.Retention;
using Strata.Deployments.Rollout;
using Strata.Deployments.Source;
using Strata.Deployments.Variables;
using Strata.Deployments.Workloads;
using Strata.Entities.Engine;
using Strata.Identity;
using Strata.Nodes.Kinds;
using Strata.Resources.Background;
using Strata.Resources.Controllers;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments;

/// <summary>
/// What the host needs of this module. It registers the engine, log, lines, blobs (<see cref="IBlobStore"/>), secrets, a sandbox for
/// builds (<see cref="ISandbox"/>), logging and the clock before.
/// </summary>
public static class DeploymentsModule
{
    /// <summary>Registers the services, the controllers (build, placement, rollout, retention) and the blob sweeper.</summary>
    public static IServiceCollection AddDeployments(this IServiceCollection services, DeploymentOptions options)
    {
        services.AddSingleton(options);
        services.AddPermissions(
            new Permission("blobs.read", Roles.Viewer, Roles.Developer, Roles.Agent, Roles.Edge) { GoesWithLabels = true },
            new Permission("blobs.write", Roles.Developer) { GoesWithLabels = true });
        services.AddVisits(DeploymentKinds.Route, new Permission("routes.visit", Roles.Viewer, Roles.Developer), "signIn");
        services.TryAddSingleton(TimeProvider.System);
        services.AddDeploymentViews();
        AddBuild(services);
        services.AddSingleton<IPlacementStrategy, LeastLoadedPlacement>();
        services.AddController<PlacementController, InstanceSpec, InstanceStatus>();
        services.AddSingleton<RouteNames>().AddSingleton<RolloutObserver>().AddSingleton<RolloutExecutor>();
        services.AddController<RolloutController, DeploymentSpec, DeploymentStatus>();
        services.AddController<RetentionController, DeploymentSpec, DeploymentStatus>();
        services.AddSingleton<SecretUses>().AddSingleton<SecretUsesEndpoint>().AddSingleton<IDeletionGuard, SecretInUseGuard>();
        services.AddInstanceVariables();
        services.AddSingleton<PartBlobs>().AddSingleton<BlobEndpoints>().AddSingleton<DeploymentLogsEndpoints>();
        return services.AddSupervised<BlobSweeper>();
    }

    /// <summary>Tokens with which instances prove to outside systems what they are. Needs the kinds of deployments and identity.</summary>
    public static IServiceCollection AddWorkloadIdentity(this IServiceCollection services)
    {
        AddStore(services, DeploymentKinds.Deployment);
        AddStore(services, NodeKinds.Instance);
        AddStore(services, OrganizationKind.Kind);
        AddStore(services, ProjectKind.Kind);
        services.AddPermissions(new Permission(WorkloadIdentityEndpoint.Permission, Roles.Application));
        return services.AddSingleton<WorkloadIdentityEndpoint>();
    }

    /// <summary>Needs the engine, the clock, and secrets for what uses them.</summary>
    internal static IServiceCollection AddInstanceVariables(this IServiceCollection services)
    {
        AddStore(services, DeploymentKinds.Deployment);
        AddStore(services, NodeKinds.Instance);
        AddStore(services, ProjectKind.Kind);
        return services.AddSingleton<VariableResolver>().AddSingleton<InstanceVariablesEndpoint>();
    }

    internal static void MapInstanceVariables(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<InstanceVariablesEndpoint>().Map(routes);

    public static void MapWorkloadIdentity(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<WorkloadIdentityEndpoint>().Map(routes);

    /// <summary>Maps the endpoints beyond resources: blobs, the logs of builds and deployments, variables and secrets in use.</summary>
    public static void MapDeployments(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<BlobEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<DeploymentLogsEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<SecretUsesEndpoint>().Map(routes);
        routes.MapInstanceVariables();
    }

    private static void AddBuild(IServiceCollection services)
    {
        services.AddSingleton<ISpecAdmission, ArchiveAdmission>();
        services.AddSingleton(
            x => new SourceFetcher(x.GetRequiredService<IBlobStore>(), x.GetRequiredService<ISandbox>(), Options(x).Source));
        services.AddSingleton<ReleaseOfRelease>();
        services.AddSingleton<ImageStore>().AddSingleton<DockerBuild>().AddSingleton<Toolchain>();
        services.AddSingleton<Builder>();
        services.AddSingleton<BuildQueue>().AddSingleton<IShareReport>(s => s.GetRequiredService<BuildQueue>());
        services.AddController<BuildController, ReleaseSpec, ReleaseStatus>();
    }

    /// <summary>
    /// The stores of the kinds that deployments are made of, and their views. Needs the engine, the log, the clock and logging.
    /// </summary>
    internal static IServiceCollection AddDeploymentViews(this IServiceCollection services)
    {
        AddStore(services, DeploymentKinds.Deployment);
        AddStore(services, DeploymentKinds.Release);
        AddStore(services, DeploymentKinds.Route);
        AddStore(services, NodeKinds.Instance);
        AddStore(services, NodeKinds.Node);
        AddStore(services, OrganizationKind.Kind);
        services.AddSingleton<DeploymentStores>();
        services.AddInformer<DeploymentSpec, DeploymentStatus>();
        services.AddInformer<ReleaseSpec, ReleaseStatus>(DeploymentViews.ReleasesByDeployment);
        services.AddInformer<RouteSpec, RouteStatus>(DeploymentViews.RoutesByDeployment);
        services.AddInformer<InstanceSpec, InstanceStatus>(InstanceIndexes.ByDeployment, InstanceIndexes.ByNode);
        services.AddInformer<NodeSpec, NodeStatus>();
        return services.AddSingleton<DeploymentViews>();
    }

    private static void AddStore<TSpec, TStatus>(IServiceCollection services, Kind<TSpec, TStatus> kind) =>
        services.TryAddSingleton(
            x => new ResourceStore<TSpec, TStatus>(x.GetRequiredService<EntityEngine>(), kind, x.GetRequiredService<TimeProvider>()));

    private static DeploymentOptions Options(IServiceProvider services) => services.GetRequiredService<DeploymentOptions>();
}
