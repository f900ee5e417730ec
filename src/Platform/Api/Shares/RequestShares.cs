using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Api.Shares;

/// <summary>
/// Admits requests: one organization can hold neither all connections nor all the work of a server. A connection counts for the
/// organization of its first request with a token, until it is closed; a request until it is answered. The cloud's own parts are not
/// counted. Takes no lock. Safe for concurrent use.
/// </summary>
internal sealed class RequestShares(ApiLimits limits) : IShareReport
{
    private static readonly object ConnectionKey = new();

    private readonly FairShare connections = new("connections", new ShareSize(limits.ConnectionsMax));
    private readonly FairShare requests = new("requests", new ShareSize(limits.RequestsMax));

    public IEnumerable<ShareUse> Shares => [connections.Use, requests.Use];

    /// <returns>To be disposed when the request is over, null where it is not counted; or SHARE_EXHAUSTED.</returns>
    public Result<ShareLease?> TryEnter(HttpContext http, Principal principal)
    {
        if (principal.IsPlatform)
        {
            if (http.Features.Get<IConnectionItemsFeature>()?.Items is { } own) AddressConnections.Identified(own);
            return (ShareLease?)null;
        }
        if (ConnectionOf(http, principal.Tenant) is { } refused)
        {
            http.Response.Headers.Connection = "close";
            return refused;
        }
        var entered = requests.TryTake(principal.Tenant);
        return entered.IsOk ? entered.Value : entered.Error;
    }

    private Error? ConnectionOf(HttpContext http, TenantId tenant)
    {
        // A request from inside the process has no connection.
        if (http.Features.Get<IConnectionItemsFeature>()?.Items is not { } items || items.ContainsKey(ConnectionKey)) return null;
        if (http.Features.Get<IConnectionLifetimeFeature>() is not { } lifetime) return null;
        if (!connections.TryTake(tenant).TryGet(out var lease, out var error)) return error;
        items[ConnectionKey] = lease;
        AddressConnections.Identified(items);
        lifetime.ConnectionClosed.UnsafeRegister(static held => ((ShareLease)held!).Dispose(), lease);
        return null;
    }
}
