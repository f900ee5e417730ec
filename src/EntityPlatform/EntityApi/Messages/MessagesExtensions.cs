using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.EntityApi.Messages;

/// <summary>Messages beside the entities.</summary>
internal static class MessagesExtensions
{
    public static void AddMessages(this IServiceCollection services)
    {
        services.AddSingleton<MessageEndpoints>();
        services.AddSingleton<MessageDeleteEndpoints>();
    }

    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<MessageEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<MessageDeleteEndpoints>().Map(routes);
    }
}
