using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Contracts;
using Strata.Entities.Engine;
using Strata.Resources.Background;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Webhooks;

/// <summary>Registers webhooks. Needs the marks, the leases and the cloud's <see cref="Core.SealedSecrets"/>.</summary>
internal static class WebhookServices
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.TryAddSingleton(new WebhookOptions());
        services.AddSingleton(
            s => new ResourceStore<WebhookSpec, WebhookStatus>(
                s.GetRequiredService<EntityEngine>(), WebhookKind.Kind, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<WebhookParts>();
        services.AddSingleton<WebhookEndpoints>();
        return services.AddSupervised<WebhookHost>();
    }

    public static void MapWebhooks(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<WebhookEndpoints>().Map(routes);
}
