using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Tunnels.Relay;
using TunnelResource = Strata.Core.Resource<Strata.Contracts.TunnelSpec, Strata.Contracts.TunnelStatus>;

namespace Strata.Tunnels.Server;

/// <summary>
/// The two WebSockets of a tunnel: its own, which announces connections to the machine, and one for each connection that the machine
/// fetches.
/// </summary>
internal sealed class TunnelEndpoints(TunnelParts parts, ILeases leases, StreamAccess access, IHostApplicationLifetime lifetime)
{
    private const string Permission = "tunnels.write";
    private const int MachineCharactersMax = 64;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/v1/tunnels/{nameOrId}/connect", Permission, Connect, ConnectAsync).InProject().DecidedByResource();
        routes.MapApi("GET", "/api/v1/tunnels/{nameOrId}/connections/{connection}", Permission, Fetch, FetchAsync)
            .InProject().DecidedByResource();
    }

    private async Task<Result<Answer>> ConnectAsync(ApiCall call)
    {
        if (!MachineOf(call).TryGet(out var machine, out var error)) return error;
        if (!(await parts.Directory.FindAsync(call)).TryGet(out var tunnel, out error)) return error;
        if (!(await parts.Directory.CheckNameAsync(call.Caller, tunnel, call.Aborted)).TryGet(out _, out error)) return error;
        if (await leases.HolderAsync(TunnelLease.Of(tunnel.Id), call.Aborted) is { } holder && !TunnelLease.IsOf(holder, machine))
            return TunnelErrors.InUse(tunnel.Name);
        // Last, so that a plain request shows why a WebSocket would be refused, which a WebSocket client cannot read.
        if (!call.Http.WebSockets.IsWebSocketRequest) return TunnelErrors.UpgradeNeeded;
        if (!parts.Sessions.TryEnter(call.Caller.Tenant).TryGet(out var place, out error)) return TunnelErrors.Busy(error);
        call.Http.Response.RegisterForDispose(place); // a WebSocket is one request
        // Not cancelled when the client leaves: whether the lease was taken would be unknown, and it would never be released.
        var lease = await TakeLeaseAsync(TunnelLease.Of(tunnel.Id), machine, call.Aborted);
        return lease is null ? TunnelErrors.InUse(tunnel.Name) : await OpenAsync(call, tunnel, lease);
    }

    /// <summary>
    /// Each session has a term of its own, so that the end of an earlier one of the same machine releases nothing of a later one. A later
    /// session replaces an earlier one; a request whose client has left replaces nothing.
    /// </summary>
    private async ValueTask<HeldLease?> TakeLeaseAsync(string name, string machine, CancellationToken aborted)
    {
        var session = TunnelLease.NewHolder(machine, parts.Time);
        if (await HeldLease.TryTakeAsync(leases, name, session, TunnelLease.Duration, parts.Time, CancellationToken.None) is { } lease)
            return lease;
        if (await leases.HolderAsync(name, aborted) is not { } holder || !TunnelLease.IsOf(holder, machine)) return null;
        aborted.ThrowIfCancellationRequested();
        return await HeldLease.TryTakeOverAsync(leases, name, session, holder, TunnelLease.Duration, parts.Time, CancellationToken.None);
    }

    private async Task<Result<Answer>> OpenAsync(ApiCall call, TunnelResource tunnel, HeldLease lease)
    {
        TunnelSession? session = null;
        var isOpen = false;
        try
        {
            session = new TunnelSession(parts, call.Caller, tunnel, lease); // fails where no port is free
            var opened = await session.OpenAsync(call.Aborted);
            isOpen = opened.TryGet(out var connected, out var error);
            return isOpen ? Answer.Stream(http => RunAsync(http, session, connected!.Status.Url!)) : error!;
        }
        finally
        {
            // Also when the client has left: nothing else would release the lease and the port.
            if (!isOpen) await (session?.DisposeAsync() ?? lease.DisposeAsync());
        }
    }

    private async Task RunAsync(HttpContext http, TunnelSession session, string url)
    {
        await using (session)
            await session.RunAsync(http, url, stop => access.IsStillGoodAsync(http, Permission, stop), lifetime.ApplicationStopping);
    }

    private async Task<Result<Answer>> FetchAsync(ApiCall call)
    {
        if (!call.Http.WebSockets.IsWebSocketRequest) return TunnelErrors.UpgradeNeeded;
        if (!(await parts.Directory.FindAsync(call)).TryGet(out var tunnel, out var error)) return error;
        if (!parts.Sessions.TryGet(tunnel.Id, out var listener) || listener.Take(call.Route("connection")) is not { } socket)
            return TunnelErrors.ConnectionGone;
        return Answer.Stream(async http =>
        {
            try
            {
                using var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
                using var webSocket = await http.WebSockets.AcceptWebSocketAsync();
                await TcpOverWebSocket.RunAsync(socket, webSocket, over.Token);
            }
            finally
            {
                socket.Dispose();
                listener.Closed();
            }
        });
    }

    /// <summary>
    /// A machine that comes again, before the server has noticed that its last connection is dead, says that it is the same one.
    /// </summary>
    private Result<string> MachineOf(ApiCall call)
    {
        if (!call.Query("machine").TryGet(out var machine, out var error)) return error;
        if (machine is { Length: > MachineCharactersMax })
            return ApiErrors.QueryValue("machine", $"a text of at most {MachineCharactersMax} characters");
        return call.Principal.Actor + "/" + (machine ?? Guid.CreateVersion7(parts.Time.GetUtcNow()).ToString("n"));
    }

    private static readonly Operation Connect = new()
    {
        Id = "connectTunnel", Tag = "tunnels",
        Summary = "Serves the tunnel's host from the caller's machine for as long as this WebSocket is open; "
            + "messages announce connections to fetch.",
        Parameters = [Parameter.Query("machine", "Identifies the machine, so that it can reconnect; up to 64 characters.", Schemas.Text())],
        Answer = Content.Json(Schemas.Text()), Status = 101,
    };

    private static readonly Operation Fetch = new()
    {
        Id = "fetchTunnelConnection",
        Summary = "Carries one connection of the edge over this WebSocket, in binary messages; an empty text message ends a direction.",
        Tag = "tunnels",
        Status = 101,
    };
}
