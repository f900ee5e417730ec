using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Stats;

/// <summary>Statistics of entities.</summary>
internal static class StatsExtensions
{
    public static void AddStats(this IServiceCollection services)
    {
        services.AddSingleton<StatsEndpoints>();
        services.AddSingleton<GroupedStatsEndpoint>();
    }

    public static void MapStats(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<StatsEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<GroupedStatsEndpoint>().Map(routes);
    }
}
