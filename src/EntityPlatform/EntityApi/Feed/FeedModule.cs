using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Feed;

/// <summary>Registers the change feed over HTTP.</summary>
internal static class FeedModule
{
    public static IServiceCollection AddEntityFeed(this IServiceCollection services) => services.AddSingleton<FeedEndpoints>();

    public static void MapEntityFeed(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<FeedEndpoints>().Map(routes);
}
