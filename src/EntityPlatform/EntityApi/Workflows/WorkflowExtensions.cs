using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Workflows;

/// <summary>The endpoints of workflows: their text, their audit trail, dry runs.</summary>
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
