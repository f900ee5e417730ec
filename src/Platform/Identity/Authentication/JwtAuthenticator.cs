using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Bindings;
using Strata.Identity.Clients;
using Strata.Identity.OAuth;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using Strata.Resources.Kinds;

namespace Strata.Identity.Authentication;

/// <summary>
/// Authenticates all kinds of tokens: <c>stk_…</c> by their entities, <c>sts_…</c> by the sessions of people, JSON Web Tokens of the
/// cloud's own by its keys and the client behind them, those of OIDC providers by their keys. Results are cached in <see
/// cref="PrincipalCache"/>. No token is valid for an organization that is deleted. Safe for concurrent use.
/// </summary>
internal sealed class JwtAuthenticator(
    TokenAuthenticator tokens, SessionAuthenticator sessions, AccessTokens own, PersonTokens people, ExternalTokens external,
    ClientStore clients, BindingStore bindings, RoleCatalog catalog, IEntityLog log, TimeProvider time) : IAuthenticator
{
    private readonly PrincipalCache cache = new(time);

    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (SessionAuthenticator.IsSession(token)) return await sessions.AuthenticateAsync(token, null, cancellationToken);
        // a JWT begins with a brace, in base64
        if (!token.StartsWith("ey", StringComparison.Ordinal)) return await tokens.AuthenticateAsync(token, cancellationToken);
        if (cache.TryGet(token, out var known) || sessions.TryGetKnown(token, out known)) return known;
        if (JwtCheck.Read(token) is not { } jwt) return ApiErrors.Unauthorized;
        var (state, storage) = (cache.State, new StorageDeadline(time));
        if (jwt.Issuer == own.Issuer && JwtCheck.Text(jwt, PersonTokens.SessionClaim) is not null)
            return await OfProgramAsync(token, jwt, storage, cancellationToken);
        var looked = jwt.Issuer == own.Issuer ? await OfOwnAsync(jwt, storage, cancellationToken)
            : await OfProviderAsync(jwt, storage, cancellationToken);
        if (!looked.TryGet(out var found, out var error)) return error;
        var (principal, source) = found;
        if (!await storage.WithinAsync(log.IsActiveAsync(principal.Tenant, cancellationToken), cancellationToken))
            return ApiErrors.Unauthorized;
        cache.Remember(token, source, principal, jwt.ValidTo, state);
        return principal;
    }

    public async ValueTask<Result<Principal>> AuthenticateInAsync(
        string token, TenantId organization, CancellationToken cancellationToken) => SessionAuthenticator.IsSession(token)
        ? await sessions.AuthenticateAsync(token, organization, cancellationToken) : ApiErrors.Unauthorized;

    /// <summary>Forgets all that was found: the cloud's own keys have changed, or changes may have gone by unseen.</summary>
    public void Invalidate() => cache.Clear();

    /// <summary>Forgets all that speaks for an organization: it, or one of its trusted keys or providers, has changed.</summary>
    public void Invalidate(TenantId organization) => cache.Invalidate(organization);

    /// <summary>Forgets what one of an organization's clients has vouched for.</summary>
    public void Invalidate(TenantId organization, EntityId client) => cache.Invalidate(organization, client);

    /// <summary>The subject of a token issued by this cloud, as long as the client behind it exists.</summary>
    public async ValueTask<(TokenSubject Subject, EntityId Client)?> FindOwnAsync(JsonWebToken token, StorageDeadline storage,
        CancellationToken cancellationToken)
    {
        if (await storage.WithinAsync(own.VerifyAsync(token, cancellationToken), cancellationToken) is not { } subject) return null;
        if (!ClientId.TryParse(subject.Client ?? subject.Subject, out var id) || id.Tenant != subject.Tenant) return null;
        if (await storage.WithinAsync(clients.FindAsync(id, cancellationToken), cancellationToken) is not { } client) return null;
        // What was taken from the client since is not in the token any more.
        return (subject.Client is null ? subject with { Roles = [.. subject.Roles.Intersect(client.Spec.Roles)] } : subject, id.Id);
    }

    /// <summary>A program that a person has signed in to, where they have let it act as them.</summary>
    private async ValueTask<Result<Principal>> OfProgramAsync(
        string token, JsonWebToken jwt, StorageDeadline storage, CancellationToken cancellationToken) =>
        await people.VerifyAsync(jwt, storage, cancellationToken) is { } grant && grant.Scopes.Contains(OAuthScopes.Api)
            ? await sessions.AuthenticateAsync(token, grant, jwt.ValidTo, storage, cancellationToken) : ApiErrors.Unauthorized;

    private async ValueTask<Result<(Principal, EntityId)>> OfOwnAsync(JsonWebToken token, StorageDeadline storage,
        CancellationToken cancellationToken) =>
        await FindOwnAsync(token, storage, cancellationToken) is var (subject, client)
            ? (await OfSubjectAsync(subject, storage, cancellationToken) with { Client = client }, client) : ApiErrors.Unauthorized;

    /// <summary>What bindings give to a client is its own, and not that of users for whom it acts.</summary>
    private async ValueTask<Principal> OfSubjectAsync(TokenSubject subject, StorageDeadline storage, CancellationToken cancellationToken)
    {
        var principal = ToPrincipal(subject.Tenant, (subject.Client is null ? "client:" : "user:") + subject.Subject, subject.Roles);
        if (subject.Client is not null) return principal;
        var bound = await storage.WithinAsync(
            bindings.OfClientAsync(subject.Tenant, subject.Subject, cancellationToken), cancellationToken);
        return principal.With(bound.Grants, bound.RoleNames, bound.Until);
    }

    private async ValueTask<Result<(Principal, EntityId)>> OfProviderAsync(JsonWebToken token, StorageDeadline storage,
        CancellationToken cancellationToken) =>
        (await external.ByProviderAsync(token, null, storage, cancellationToken)).TryGet(out var user, out var error)
            ? (ToPrincipal(user.Tenant, "user:" + user.Name, user.Roles), user.Source)
            : error;

    private Principal ToPrincipal(TenantId tenant, string actor, IReadOnlyList<string> roles) => new()
    {
        Tenant = tenant, Actor = actor, Grants = [new Grant(ContractRoles.PermissionsOf(catalog, roles), GrantScope.Organization)],
        RoleNames = roles,
    };
}
