using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Api.Watch;

/// <summary>Whether a long-running response may continue: checks its token again.</summary>
public sealed class StreamAccess(IAuthenticator authenticator, IEntityLog log)
{
    private readonly OrganizationChoice organizations = new(log, authenticator);
    private readonly ProjectChoice projects = new(log);

    /// <returns>
    /// False where the token has expired, was revoked or no longer grants what it did, and where it cannot be asked about: over a hop, of
    /// which the other server does not keep checking the token itself.
    /// </returns>
    /// <exception cref="StrataException">The store does not answer.</exception>
    public async ValueTask<bool> IsStillGoodAsync(HttpContext http, string permission, CancellationToken cancellationToken) =>
        (await AskAsync(http, permission, cancellationToken)).TryGet(out var isGood, out _) && isGood;

    /// <summary>
    /// As <see cref="IsStillGoodAsync"/>, but good while the token cannot be asked about, because the store or an identity provider does
    /// not answer: for what must outlive that, such as a member with calls in hand.
    /// </summary>
    public async ValueTask<bool> IsNotRefusedAsync(HttpContext http, string permission, CancellationToken cancellationToken)
    {
        try
        {
            return (await AskAsync(http, permission, cancellationToken)).TryGet(out var isGood, out var error)
                ? isGood : error.Kind == ErrorKind.Unavailable;
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Unavailable)
        {
            return true;
        }
    }

    private async ValueTask<Result<bool>> AskAsync(HttpContext http, string permission, CancellationToken cancellationToken)
    {
        if (http.Features.Get<PeerCaller>() is { } peer) return peer.KeepsChecking;
        var principal = http.GetPrincipal();
        if (Authentication.TokenOf(http) is not { } token) return false;
        if (!(await authenticator.AuthenticateAsync(token, cancellationToken)).TryGet(out var found, out var error)) return error;
        if (!(await organizations.ApplyAsync(http, found)).TryGet(out var now, out error)) return error;
        if (!(await projects.ApplyAsync(http, now)).TryGet(out now, out error)) return error.Kind == ErrorKind.Forbidden ? false : error;
        return now.Tenant == principal.Tenant && now.Project == principal.Project && now.Node == principal.Node
            && (now.IsOperator || !principal.IsOperator) // an operator sees organizations that others do not
            && now.May(permission) && now.HasGrantsOf(principal); // what is sent is narrowed by those that it began with
    }
}
