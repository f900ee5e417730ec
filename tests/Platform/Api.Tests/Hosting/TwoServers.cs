using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Strata.Api.Peers;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests.Hosting;

/// <summary>
/// Two servers of one cloud in one process, "first" and "second", on one log. The first knows the second when a test begins.
/// </summary>
public abstract class TwoServers : IAsyncLifetime
{
    private readonly MemoryLeases leases = new(TimeProvider.System);
    private readonly SealedSecrets key = new(new byte[SealedSecrets.KeyBytes]);
    private protected ApiHost first = null!;
    private protected ApiHost second = null!;

    private protected IReadOnlyList<PeerServer> Others => first.Services.GetRequiredService<ServerDirectory>().Others;

    private protected PeerServer SecondPeer => Others.Single();

    public async ValueTask InitializeAsync()
    {
        var log = new MemoryLog(TimeProvider.System, leases);
        second = await StartAsync("second", log, HttpProtocols.Http2);
        first = await StartAsync("first", log, HttpProtocols.Http1);
        await first.FillAsync();
        await Wait.UntilAsync(() => Others.Count == 1, "the first knows the second");
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract void Map(WebApplication app, string name);

    private protected virtual void Configure(IServiceCollection services)
    {
    }

    /// <param name="otherKey">Instead of the cloud's.</param>
    /// <param name="hasWork">False: nothing runs in the background, so the server neither registers nor learns of others.</param>
    private protected Task<ApiHost> StartAsync(
        string name, MemoryLog log, HttpProtocols protocols, SealedSecrets? otherKey = null, ApiLimits? limits = null, bool hasWork = true)
    {
        var port = FreePort.Next();
        var self = new ServerSelf(name, name, new Uri($"http://127.0.0.1:{port}"), "1", TimeProvider.System.GetUtcNow());
        return ApiHost.StartAsync(log, port, app => Map(app, name), protocols, limits, services: services =>
        {
            services.AddSingleton<ILeases>(leases).AddSingleton(otherKey ?? key).AddServers(self).AddPeers();
            Configure(services);
            if (hasWork) return;
            foreach (var work in services.Where(s => s is { ImplementationFactory: not null } && s.ServiceType == typeof(IHostedService))
                .ToList())
                services.Remove(work);
        });
    }
}
