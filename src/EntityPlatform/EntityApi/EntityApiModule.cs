using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Contracts;
using Strata.EntityApi.Entities;
using Strata.EntityApi.Feed;
using Strata.EntityApi.Messages;
using Strata.EntityApi.Migration;
using Strata.EntityApi.Models;
using Strata.EntityApi.Retention;
using Strata.EntityApi.Search;
using Strata.EntityApi.Stats;
using Strata.EntityApi.Transfer;
using Strata.EntityApi.Webhooks;
using Strata.EntityApi.Workflows;

namespace Strata.EntityApi;

/// <summary>
/// The entity platform over HTTP: models, entities, search and what else belongs to users' data, under /api. Needs the engine, the model
/// catalog and the API's own services.
/// </summary>
public static class EntityApiModule
{
    public static IServiceCollection AddEntityApi(this IServiceCollection services, EntityApiLimits? limits = null)
    {
        services.AddSingleton(limits ?? EntityApiLimits.Default);
        services.AddPermissions(
            new Permission("entities.read", Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("entities.write", Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("models.read", Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("models.write", Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("transfers.read", Roles.Viewer, Roles.Developer),
            new Permission("transfers.write"));
        services.AddSingleton<ModelWrite>();
        services.AddSingleton<ModelEndpoints>();
        services.AddSingleton<ModelTransferEndpoints>();
        services.AddEntities();
        services.AddSearch();
        services.AddWorkflows();
        services.AddStats();
        services.AddMessages();
        return services.AddEntityFeed().AddWebhooks().AddTransfers().AddMigration().AddRetention();
    }

    public static void MapEntityApi(this IEndpointRouteBuilder endpoints)
    {
        var routes = endpoints.MapGroup("");
        ((IEndpointConventionBuilder)routes).Finally(BusinessScope.Apply);
        var services = endpoints.ServiceProvider;
        services.GetRequiredService<ModelEndpoints>().Map(routes);
        services.GetRequiredService<ModelTransferEndpoints>().Map(routes);
        routes.MapEntities();
        routes.MapWorkflows();
        routes.MapSearch();
        routes.MapStats();
        routes.MapMessages();
        routes.MapEntityFeed();
        routes.MapWebhooks();
        routes.MapTransfers();
        routes.MapMigration();
        routes.MapRetention();
    }
}
