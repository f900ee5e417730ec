using Microsoft.Extensions.DependencyInjection;
using Strata.Contracts;
using Strata.Entities.Engine;
using Strata.Resources.Background;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Servers;

/// <summary>Registers a server with the cloud and with its services.</summary>
public static class ServerServices
{
    /// <summary>Needs the engine, the leases, the clock and logging.</summary>
    public static IServiceCollection AddServers(this IServiceCollection services, ServerSelf self)
    {
        services.AddSingleton(self);
        services.AddSingleton(
            x => new ResourceStore<ServerSpec, ServerPresence>(x.GetRequiredService<EntityEngine>(), ServerKind.Kind,
                x.GetRequiredService<TimeProvider>()));
        services.AddController<ServerLossController, ServerSpec, ServerPresence>();
        services.AddSingleton<ServerDirectory>();
        return services.AddSupervised<ServerRegistration>();
    }
}
