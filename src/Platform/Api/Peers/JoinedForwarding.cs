using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Api.Peers;

/// <summary>
/// A request in a transaction that another server holds goes to that server, if its endpoint joins transactions. Where that one is not up,
/// the transaction has ended, which is what this server says of a token that it does not know.
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
        if (!isPassable || forwarder.Directory.Find(JoinToken.ServerOf(token)) is not { } server) await next(http);
        else if (await forwarder.ForwardAsync(http, server) is { } error) await Problem.WriteAsync(http, error);
    }
}
