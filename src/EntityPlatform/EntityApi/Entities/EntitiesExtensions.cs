using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Entities;

/// <summary>The operations on entities, one class each.</summary>
internal static class EntitiesExtensions
{
    public static void AddEntities(this IServiceCollection services)
    {
        services.AddSingleton<ChunkedWrite>();
        services.AddSingleton<EntityCreateEndpoints>();
        services.AddSingleton<EntityCollectionEndpoints>();
        services.AddSingleton<EntityGetEndpoints>();
        services.AddSingleton<EntityListEndpoint>();
        services.AddSingleton<EntityChangesEndpoint>();
        services.AddSingleton<EntityUpdateEndpoints>();
        services.AddSingleton<EntityDeleteEndpoints>();
    }

    public static void MapEntities(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<EntityCreateEndpoints>().Map(routes);
        services.GetRequiredService<EntityCollectionEndpoints>().Map(routes);
        services.GetRequiredService<EntityGetEndpoints>().Map(routes);
        services.GetRequiredService<EntityListEndpoint>().Map(routes);
        services.GetRequiredService<EntityChangesEndpoint>().Map(routes);
        services.GetRequiredService<EntityUpdateEndpoints>().Map(routes);
        services.GetRequiredService<EntityDeleteEndpoints>().Map(routes);
    }
}
