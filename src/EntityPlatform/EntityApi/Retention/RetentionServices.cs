using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Resources.Background;

namespace Strata.EntityApi.Retention;

/// <summary>Registers the retention rules of models. Needs the log's retention, the leases and the change feed.</summary>
internal static class RetentionServices
{
    public static IServiceCollection AddRetention(this IServiceCollection services)
    {
        services.TryAddSingleton(new RetentionOptions());
        services.AddSingleton<PastReads>();
        services.AddSingleton<RetentionSweep>();
        services.AddSingleton<RetentionEndpoints>();
        return services.AddSupervised<RetentionHost>();
    }

    public static void MapRetention(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<RetentionEndpoints>().Map(routes);
}
