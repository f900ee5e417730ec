using Microsoft.Extensions.DependencyInjection;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>Registers what a server needs to call the others and to be called by them.</summary>
public static class PeerServices
{
    /// <summary>Needs <see cref="ServerServices.AddServers"/> and the cloud's key.</summary>
    public static IServiceCollection AddPeers(this IServiceCollection services)
    {
        services.AddSingleton(x => new PeerTokens(x.GetRequiredService<SealedSecrets>(), x.GetRequiredService<ServerSelf>(),
            x.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PeerClient>().AddSingleton<PeerForwarder>().AddSingleton<PeerFollowing>();
        return services.AddSingleton<IShareReport>(x => x.GetRequiredService<PeerClient>());
    }
}
