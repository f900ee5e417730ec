using System.Net;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments;
using Strata.Deployments.Rollout;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Tunnels.Kinds;
using TunnelResource = Strata.Core.Resource<Strata.Contracts.TunnelSpec, Strata.Contracts.TunnelStatus>;

namespace Strata.Tunnels.Server;

/// <summary>Tunnels as entities: finds the one that a call is about, and writes down whether a machine is connected to it.</summary>
internal sealed class TunnelDirectory(
    ResourceAccess access, ResourceStore<TunnelSpec, TunnelStatus> tunnels, DeploymentStores stores, RouteNames names)
{
    public const string Actor = "tunnels";

    /// <inheritdoc cref="ResourceAccess.FindAsync"/>
    public async ValueTask<Result<TunnelResource>> FindAsync(ApiCall call)
    {
        var found = await access.FindAsync(call, TunnelKinds.Tunnel, TunnelKinds.Tunnel.WritePermission);
        return found.IsOk ? tunnels.ToResource(found.Value.Revision) : found.Error;
    }

    /// <summary>Whether its name, and so its host, is free of deployments.</summary>
    public async ValueTask<Result<Done>> CheckNameAsync(Caller caller, TunnelResource tunnel, CancellationToken cancellationToken)
    {
        var deployment = await stores.Deployments.GetAsync(caller, tunnel.Name, AsOf.Latest, cancellationToken);
        if (deployment.IsOk) return TunnelErrors.NameOfDeployment(tunnel.Name);
        return deployment.Error.Kind == ErrorKind.NotFound ? default(Done) : deployment.Error;
    }

    public async ValueTask<Result<TunnelResource>> ConnectedAsync(
        Caller caller, TunnelResource tunnel, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var host = await names.HostAsync(tunnel.Name, tunnel.Org, cancellationToken);
        var status = new TunnelStatus { Host = host, Url = names.Url(host), Address = endPoint.Address.ToString(), Port = endPoint.Port };
        // The same transition leads here from both states, so it does not matter whether the loss of a former server's connection is
        // written down before this or not at all.
        return await tunnels.ChangeAsync(
            ByServer(caller), tunnel.Id, now => now with { Status = status }, "connect", null, cancellationToken);
    }

    /// <summary>
    /// Back to waiting, where it still leads to this end; nothing where it was deleted or connected again meanwhile, and where the store is
    /// away (its controller does it later).
    /// </summary>
    public async ValueTask DisconnectedAsync(Caller caller, string id, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var address = endPoint.Address.ToString();
        await tunnels.ChangeAsync(
            ByServer(caller), id, now => now.Status.Address == address && now.Status.Port == endPoint.Port
                ? Waiting(now) : TunnelErrors.InUse(now.Name), "disconnect", null, cancellationToken);
    }

    /// <summary>The tunnel without a connected machine.</summary>
    public static TunnelResource Waiting(TunnelResource tunnel) =>
        tunnel with { Status = tunnel.Status with { Address = null, Port = null } };

    public async ValueTask<bool> IsThereAsync(Caller caller, string id, CancellationToken cancellationToken) =>
        (await tunnels.GetAsync(caller, id, AsOf.Latest, cancellationToken)) is { IsOk: true } or { Error.Kind: not ErrorKind.NotFound };

    private static Caller ByServer(Caller caller) => new(caller.Tenant, Actor) { Fence = caller.Fence };
}
