using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Contracts;
using Strata.Core.Sharing;
using Strata.Entities.Engine;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Tunnels.Kinds;
using Strata.Tunnels.Server;

namespace Strata.Tunnels;

/// <summary>What the host needs of this module, beside <see cref="Deployments.DeploymentsModule"/>.</summary>
public static class TunnelsModule
{
    public static IServiceCollection AddTunnels(this IServiceCollection services, TunnelOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(
            x => new ResourceStore<TunnelSpec, TunnelStatus>(
                x.GetRequiredService<EntityEngine>(), TunnelKinds.Tunnel, x.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<TunnelSessions>());
        services.AddSingleton<TunnelDirectory>().AddSingleton<TunnelSessions>().AddSingleton<TunnelParts>().AddSingleton<TunnelEndpoints>();
        return services.AddController<TunnelLossController, TunnelSpec, TunnelStatus>();
    }

    /// <summary>Lets the tunnels' own paths, and nothing else, become WebSockets; before the API's steps.</summary>
    public static void UseTunnels(this IApplicationBuilder app) =>
        app.UseWhen(
            http => http.Request.Path.StartsWithSegments("/api/v1/tunnels", StringComparison.Ordinal), tunnels => tunnels.UseWebSockets());

    public static void MapTunnels(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<TunnelEndpoints>().Map(routes);
}
