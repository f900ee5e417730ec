using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Strata.EntityApi.Search;

internal static class SearchServices
{
    /// <summary>Search with its default bounds, unless others were registered before.</summary>
    public static void AddSearch(this IServiceCollection services)
    {
        services.TryAddSingleton(new SearchOptions());
        services.AddSingleton<SearchEndpoints>();
    }
}
