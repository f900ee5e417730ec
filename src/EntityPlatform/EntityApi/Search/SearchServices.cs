using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Core.Sharing;
using Strata.EntityApi.Search.Indexes;
using Strata.EntityApi.Search.Jobs;
using Strata.Resources.Background;

namespace Strata.EntityApi.Search;

internal static class SearchServices
{
    /// <summary>Search with its default bounds, unless others were registered before.</summary>
    public static void AddSearch(this IServiceCollection services)
    {
        services.TryAddSingleton(new SearchOptions());
        services.AddSingleton<SearchShares>().AddSingleton<IShareReport>(s => s.GetRequiredService<SearchShares>());
        services.AddSingleton<SearchEndpoints>();
        services.AddSingleton<SearchJobEndpoints>();
        services.AddSingleton<SearchIndexEndpoints>();
        services.AddSupervised<SearchIndexBuilder>();
        services.AddSupervised<SearchJobRunner>();
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<SearchJobRunner>());
    }

    public static void MapSearch(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<SearchEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<SearchJobEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<SearchIndexEndpoints>().Map(routes);
    }
}
