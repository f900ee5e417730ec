using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Api.Shares;

/// <summary>
/// Admits requests: one organization can hold neither all connections nor all the work of a server. A connection counts for the
/// organization of its first request with a token, until it is closed; a request until it is answered. The cloud's own parts are not
/// counted. Connections are counted where the listener has <see cref="AddressConnections.Use"/>. Takes no lock. Safe for concurrent use.
/// </summary>
internal sealed class RequestShares(ApiLimits limits) : IShareReport
{
    private readonly FairShare connections = new("connections", new ShareSize(limits.ConnectionsMax));
    private readonly FairShare requests = new("requests", new ShareSize(limits.RequestsMax));

    public IEnumerable<ShareUse> Shares => [connections.Use, requests.Use];

    /// <returns>To be disposed when the request is over, null where it is not counted; or SHARE_EXHAUSTED.</returns>
    public Result<ShareLease?> TryEnter(HttpContext http, Principal principal)
    {
        var isOfPeer = PeerForwarder.IsForwarded(http);
        if (principal.IsPlatform || (isOfPeer && http.GetEndpoint()?.Metadata.GetMetadata<PeersOnly>() is not null))
        {
            PlaceOf(http)?.Identified();
            return (ShareLease?)null;
        }
        if (isOfPeer) PlaceOf(http)?.Identified(); // its connection carries the requests of many organizations
        else if (PlaceOf(http)?.Claim(connections, principal.Tenant) is { } refused)
        {
            http.Response.Headers.Connection = "close";
            return refused;
        }
        var entered = requests.TryTake(principal.Tenant);
        return entered.IsOk ? entered.Value : entered.Error;
    }

    /// <summary>Null where the request came from inside the process, over no connection.</summary>
    private static ConnectionPlace? PlaceOf(HttpContext http) =>
        http.Features.Get<IConnectionItemsFeature>()?.Items is { } items ? ConnectionPlace.Of(items) : null;
}
