using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Watch;

/// <summary>Whether a long-running response may continue: checks its token again.</summary>
public sealed class StreamAccess(IAuthenticator authenticator, IEntityLog log)
{
    private readonly OrganizationChoice organizations = new(log);

    /// <param name="whileUnknown">What to answer while the store, and so the token, cannot be asked.</param>
    /// <returns>
    /// False where the token has expired, was revoked or no longer grants what it did, and where it cannot be asked about: over a hop, of
    /// which the other server does not keep checking the token itself.
    /// </returns>
    public async ValueTask<bool> IsStillGoodAsync(
        HttpContext http, string permission, CancellationToken cancellationToken, bool whileUnknown = false)
    {
        if (http.Features.Get<PeerCaller>() is { } peer) return peer.KeepsChecking;
        var principal = http.GetPrincipal();
        if (Authentication.TokenOf(http) is not { } token) return false;
        if (!(await authenticator.AuthenticateAsync(token, cancellationToken)).TryGet(out var found, out var error))
            return whileUnknown && error.Kind == ErrorKind.Unavailable;
        return (await organizations.ApplyAsync(http, found)).TryGet(out var now, out _)
            && now.Tenant == principal.Tenant && now.Project == principal.Project && now.Node == principal.Node
            && (now.IsOperator || !principal.IsOperator) // an operator sees organizations that others do not
            && now.May(permission) && now.HasGrantsOf(principal); // what is sent is narrowed by those that it began with
    }
}
