using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Clients;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;

namespace Strata.Identity.Authentication;

/// <summary>
/// Authenticates the tokens there are: <c>stk_…</c> by their entities, JSON Web Tokens of the cloud's own by its keys and the client behind them,
/// those of OIDC providers by their keys. What was found is remembered as <see cref="PrincipalCache"/> says. Nobody speaks for an organization that is
/// deleted. Safe for concurrent use.
/// </summary>
internal sealed class JwtAuthenticator(
    TokenAuthenticator tokens, AccessTokens own, ExternalTokens external, ClientStore clients, IEntityLog log, TimeProvider time) : IAuthenticator
{
    private readonly PrincipalCache cache = new(time);

    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (!token.StartsWith("ey", StringComparison.Ordinal)) return await tokens.AuthenticateAsync(token, cancellationToken); // a JWT begins with a brace, in base64
        if (cache.TryGet(token, out var known)) return known;
        if (JwtCheck.Read(token) is not { } jwt) return ApiErrors.Unauthorized;
        var found = jwt.Issuer == own.Issuer ? await OfOwnAsync(jwt, cancellationToken) : await OfProviderAsync(jwt, cancellationToken);
        if (found is not var (principal, source)) return ApiErrors.Unauthorized;
        if (!await log.IsActiveAsync(principal.Tenant, cancellationToken)) return ApiErrors.Unauthorized;
        cache.Remember(token, source, principal, jwt.ValidTo);
        return principal;
    }

    /// <summary>Forgets all that was found: a key, a client or a provider has changed, which is rare.</summary>
    public void Invalidate() => cache.Clear();

    /// <summary>Whom a token of the cloud's own speaks for, while the client behind it is there.</summary>
    public async ValueTask<(TokenSubject Subject, EntityId Client)?> FindOwnAsync(JsonWebToken token, CancellationToken cancellationToken)
    {
        if (await own.VerifyAsync(token, cancellationToken) is not { } subject) return null;
        if (!ClientId.TryParse(subject.Client ?? subject.Subject, out var id) || id.Tenant != subject.Tenant) return null;
        return await clients.FindAsync(id, cancellationToken) is null ? null : (subject, id.Id);
    }

    private async ValueTask<(Principal, EntityId)?> OfOwnAsync(JsonWebToken token, CancellationToken cancellationToken) =>
        await FindOwnAsync(token, cancellationToken) is var (subject, client)
            ? (ToPrincipal(subject.Tenant, (subject.Client is null ? "client:" : "user:") + subject.Subject, subject.Roles), client)
            : null;

    private async ValueTask<(Principal, EntityId)?> OfProviderAsync(JsonWebToken token, CancellationToken cancellationToken) =>
        await external.ByProviderAsync(token, null, cancellationToken) is { } user ? (ToPrincipal(user.Tenant, "user:" + user.Name, user.Roles), user.Source) : null;

    private static Principal ToPrincipal(TenantId tenant, string actor, IReadOnlyList<string> roles) => new()
    {
        Tenant = tenant, Actor = actor, Permissions = ContractRoles.PermissionsOf(roles), RoleNames = roles,
    };
}
