using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Api.Peers;

/// <summary>
/// A request in a transaction that another server holds goes to that server, if its endpoint joins transactions. Where that one is known to
/// have ended, so has the transaction, and this server answers as it does for a token that it does not know. Where it is not known at all,
/// the transaction may still be alive: this server may have just started, or the other one may not be registered yet.
/// </summary>
internal sealed class JoinedForwarding(RequestDelegate next, PeerForwarder forwarder)
{
    public Task InvokeAsync(HttpContext http)
    {
        return http.Request.Headers[RequestHeaders.TransactionToken] is [{ } token] ? ForwardAsync(http, token) : next(http);
    }

    private async Task ForwardAsync(HttpContext http, string token)
    {
        var isPassable = http.Features.Get<Principal>() is not null && !PeerForwarder.IsForwarded(http)
            && http.GetEndpoint()?.Metadata.GetMetadata<JoinsTransactions>() is not null;
        var (servers, holder) = (forwarder.Directory, JoinToken.ServerOf(token).ToString());
        if (!isPassable || holder.Length == 0 || holder == servers.Self.ServerId)
        {
            await next(http);
            return;
        }
        Error? error = PeerErrors.Unreached;
        if (servers.Find(holder) is { } server) error = await forwarder.ForwardAsync(http, server);
        else if (servers.HasEnded(holder))
        {
            await next(http);
            return;
        }
        if (error is not null) await Problem.WriteAsync(http, error);
    }
}
