using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Peers;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Rpc;

namespace Strata.Api.Auth;

/// <summary>
/// Lets a request through to its endpoint only with a token that grants the permission which the endpoint names. Deny by default: an
/// endpoint that names none is closed. The tenant comes from the token; only an operator may name another one, see
/// <see cref="OrganizationChoice"/>.
/// </summary>
internal sealed class Authentication(RequestDelegate next, IAuthenticator authenticator, OrganizationChoice organizations,
    ProjectChoice projects, RequestSource source, RequestShares shares, TimeProvider time, PeerTokens? peers = null)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext http)
    {
        if (await RefuseAsync(http) is { } refused) await RefuseAsync(http, refused);
        else if (RequestTrace.Of(http) is { } trace) await trace.RunAsync(EnterAsync);
        else await EnterAsync(http);
    }

    private async Task EnterAsync(HttpContext http)
    {
        if (http.Features.Get<Principal>() is not { } principal) await next(http);
        else if (!shares.TryEnter(http, principal).TryGet(out var place, out var error))
        {
            if (PeerForwarder.IsForwarded(http)) PeerMark.Refuse(http, error);
            await RefuseAsync(http, error);
        }
        else
            using (place) await next(http);
    }

    private static async ValueTask RefuseAsync(HttpContext http, Error error)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<RpcMethodMetadata>() is not { } rpc || !await rpc.TryRefuseAsync(http, error))
            await Problem.WriteAsync(http, error);
    }

    private async ValueTask<Error?> RefuseAsync(HttpContext http)
    {
        // No endpoint: 404. One that is not of a route is the framework's own for 405 and 415.
        if (http.GetEndpoint() is not RouteEndpoint endpoint) return null;
        if (PeerTokenOf(http) is { } peerToken && await AuthenticatePeerAsync(http, peerToken) is { } untrusted)
        {
            PeerMark.Refuse(http, untrusted);
            return untrusted;
        }
        if (endpoint.Metadata.GetMetadata<PeersOnly>() is not null) return PeerForwarder.IsForwarded(http) ? null : PeerErrors.PeersOnly;
        if (endpoint.Metadata.GetMetadata<Access>() is not { } access) return ApiErrors.Closed;
        if (access.AnyOf.Count == 0) return null;
        if (!(await PrincipalOfAsync(http)).TryGet(out var principal, out var error)) return error;
        if (principal.AllowedFrom is { } allowed && !PeerForwarder.IsForwarded(http) && !source.IsIn(http, allowed))
            return ApiErrors.AddressNotAllowed;
        // In another organization a person has other roles, so these decide.
        if (principal.Person is not null
            && !(await organizations.ApplyAsync(http, principal)).TryGet(out principal, out error)) return error;
        if (!access.AnyOf.Any(principal.May)) return ApiErrors.Forbidden(access.AnyOf[0]);
        if (!(await projects.ApplyAsync(http, principal)).TryGet(out principal, out error)) return error;
        if (principal.Project is not null && await OutsideAsync(http, endpoint, principal) is { } outside) return outside;
        if (!HttpMethods.IsGet(http.Request.Method) && endpoint.Metadata.GetMetadata<FreshSignIn>() is not null
            && FreshSignIn.RefuseFor(principal, time.GetUtcNow()) is { } stale)
            return stale;
        if (PeerForwarder.IsForwarded(http)) return null; // the organization was chosen where it came from
        if (principal.Person is null && !(await organizations.ApplyAsync(http, principal)).TryGet(out principal, out error)) return error;
        http.Features.Set(principal);
        return null;
    }

    private async ValueTask<Result<Principal>> PrincipalOfAsync(HttpContext http)
    {
        if (http.Features.Get<Principal>() is { } passedOn && PeerForwarder.IsForwarded(http)) return passedOn;
        return TokenOf(http) is { } token ? await AuthenticateAsync(token, http.RequestAborted) : ApiErrors.Unauthorized;
    }

    /// <summary>A request of another server of this cloud; the principal in its token is the caller.</summary>
    private async ValueTask<Error?> AuthenticatePeerAsync(HttpContext http, string token)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (peers is null) return ApiErrors.Unauthorized;
        if (!(await peers.VerifyAsync(token, http.Request.Method, target)).TryGet(out var caller, out var error)) return error;
        http.Features.Set(caller.From);
        http.Features.Set(caller.Principal);
        PeerMark.Accept(http);
        return null;
    }

    /// <summary>
    /// The authenticator bounds its reads itself, see <see cref="StorageDeadline"/>; a database that fails is the answer to this request.
    /// </summary>
    private async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            return await authenticator.AuthenticateAsync(token, cancellationToken);
        }
        catch (StrataException e)
        {
            return e.Error;
        }
    }

    private static async ValueTask<Error?> OutsideAsync(HttpContext http, RouteEndpoint endpoint, Principal principal)
    {
        if (endpoint.Metadata.GetMetadata<ProjectScoped>() is not { } scoped) return ApiErrors.WholeOrganization;
        return scoped.Check is { } check ? await check(http, principal) : null;
    }

    private static string? PeerTokenOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } header] && header.StartsWith(PeerTokens.Scheme, StringComparison.Ordinal)
            ? header[PeerTokens.Scheme.Length..] : null;

    internal static string? TokenOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header[Scheme.Length..].Trim()
            : null;
}
