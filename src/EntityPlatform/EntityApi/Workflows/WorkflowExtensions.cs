using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Workflows;

/// <summary>What concerns workflows: their text, what they did, what they would do.</summary>
internal static class WorkflowExtensions
{
    public static void AddWorkflows(this IServiceCollection services)
    {
        services.AddSingleton<WorkflowEndpoints>();
        services.AddSingleton<AuditEndpoints>();
        services.AddSingleton<DryRunEndpoints>();
        services.AddSingleton<StoryEndpoints>();
    }

    public static void MapWorkflows(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<WorkflowEndpoints>().Map(routes);
        services.GetRequiredService<AuditEndpoints>().Map(routes);
        services.GetRequiredService<DryRunEndpoints>().Map(routes);
        services.GetRequiredService<StoryEndpoints>().Map(routes);
    }
}
