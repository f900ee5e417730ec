using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Routing;

/// <summary>
/// A tunnel in the edge's terms: a route whose only target is the tunnel, and the instance that serves it while a machine is connected.
/// </summary>
/// <param name="Instance">Null: no machine is connected, and the route says so.</param>
internal sealed record TunnelRecord(RouteRecord Route, InstanceRecord? Instance)
{
    private const string NotConnected = "The developer's machine is not connected.";

    /// <returns>Null for one that was never connected, and so has no host yet.</returns>
    public static TunnelRecord? Of(Resource<TunnelSpec, TunnelStatus> tunnel)
    {
        if (tunnel.Status.Host is not { } host) return null;
        var instance = tunnel.State == TunnelStates.Connected && tunnel.Status is { Address: { } address, Port: { } port }
            ? new InstanceRecord(tunnel.Id, tunnel.Org, tunnel.Id, address, port) : null;
        return new TunnelRecord(RouteOf(tunnel, host, instance is null ? NotConnected : null), instance);
    }

    private static RouteRecord RouteOf(Resource<TunnelSpec, TunnelStatus> tunnel, string host, string? message) => new()
    {
        Id = tunnel.Id, Org = tunnel.Org, Project = tunnel.Project, CreatedAt = tunnel.CreatedAt, Host = host.ToLowerInvariant(),
        DeploymentName = tunnel.Name, Message = message, Targets = [new TargetRecord(tunnel.Id, 1)],
    };
}
