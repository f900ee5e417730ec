using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Feed;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Controllers;

/// <summary>Registers controllers with the host.</summary>
public static class ControllerServices
{
    /// <summary>
    /// Runs this controller with the others, on one server at a time. Needs <see cref="ResourceStore{TSpec,TStatus}"/> of its kind, the
    /// log, the leases and logging.
    /// </summary>
    public static IServiceCollection AddController<TController, TSpec, TStatus>(this IServiceCollection services)
        where TController : Controller<TSpec, TStatus>
    {
        services.AddSingleton<TController>();
        services.AddInformer<TSpec, TStatus>();
        services.AddSingleton<IControllerLoop>(x => new ControllerLoop<TSpec, TStatus>(
            x.GetRequiredService<TController>(), x.GetRequiredService<ResourceStore<TSpec, TStatus>>(), x.GetRequiredService<InformerHub>(),
            x.GetRequiredService<TimeProvider>(), x.GetRequiredService<ILogger<TController>>()));
        return services.AddControllerHost();
    }

    /// <summary>
    /// Organizations and projects whose deletion was cut off become usable again; projects of deleted organizations end. Needs the engine
    /// too.
    /// </summary>
    /// <param name="kinds">Every kind there is.</param>
    public static IServiceCollection AddAbandonedDeletions(this IServiceCollection services, IEnumerable<Kind> kinds)
    {
        services.TryAddSingleton(x => new OwnedResources(x.GetRequiredService<IEntityLog>(), kinds));
        services.TryAddSingleton(
            x => new ResourceStore<OrganizationSpec, Nothing>(
                x.GetRequiredService<EntityEngine>(), OrganizationKind.Kind, x.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(
            x => new ResourceStore<ProjectSpec, Nothing>(
                x.GetRequiredService<EntityEngine>(), ProjectKind.Kind, x.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(
            x => new ResourceStore<EnvironmentSpec, Nothing>(
                x.GetRequiredService<EntityEngine>(), EnvironmentKind.Kind, x.GetRequiredService<TimeProvider>()));
        return services.AddController<AbandonedOrganizationDeletion, OrganizationSpec, Nothing>()
            .AddController<AbandonedProjectDeletion, ProjectSpec, Nothing>()
            .AddController<AbandonedEnvironmentDeletion, EnvironmentSpec, Nothing>();
    }

    private static IServiceCollection AddControllerHost(this IServiceCollection services)
    {
        if (services.Any(x => x.ServiceType == typeof(ControllerHost))) return services;
        services.AddChangeFeed();
        services.AddSingleton<IControllerReports>(x => x.GetRequiredService<ControllerHost>());
        return services.AddSupervised<ControllerHost>();
    }
}
