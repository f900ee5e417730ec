using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Entities.Engine;
using Strata.Rpc;

namespace Strata.Api.Peers;

/// <summary>
/// A request with the token of a transaction that another server holds goes to that server. Where that one is not up, the transaction has
/// ended, which is what this server says of a token that it does not know.
/// </summary>
internal sealed class JoinedForwarding(RequestDelegate next, PeerForwarder forwarder)
{
    public const string Header = "X-Tx-Token";

    public Task InvokeAsync(HttpContext http)
    {
        return http.Request.Headers[Header] is [{ } token] ? ForwardAsync(http, token) : next(http);
    }

    private async Task ForwardAsync(HttpContext http, string token)
    {
        var isPassable = http.Features.Get<Principal>() is not null && !PeerForwarder.IsForwarded(http)
            && http.GetEndpoint()?.Metadata.GetMetadata<RpcMethodMetadata>() is null; // the requests inside an RPC are passed on one by one
        if (!isPassable || forwarder.Directory.Find(JoinToken.ServerOf(token)) is not { } server) await next(http);
        else if (await forwarder.ForwardAsync(http, server) is { } error) await Problem.WriteAsync(http, error);
    }
}
