using System.Text;
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
        var key = TokenKey.Of(token);
        if (cache.TryGet(key, out var known) || sessions.TryGetKnown(key, out known)) return known;
        if (JwtCheck.Read(token) is not { } jwt) return ApiErrors.Unauthorized;
        var (state, storage) = (cache.State, new StorageDeadline(time));
        if (jwt.Issuer == own.Issuer)
        {
            return JwtCheck.Text(jwt, PersonTokens.SessionClaim) is null ? await OfOwnAsync(key, jwt, state, storage, cancellationToken)
                : await OfProgramAsync(key, jwt, storage, cancellationToken);
        }
        if (!(await external.ByProviderAsync(jwt, null, storage, cancellationToken)).TryGet(out var user, out var error)) return error;
        var principal = ToPrincipal(user.Tenant, "user:" + user.Name, user.Roles);
        if (!await IsActiveAsync(user.Tenant, storage, cancellationToken)) return ApiErrors.Unauthorized;
        cache.Remember(key, user.Source, principal, jwt.ValidTo, state);
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
        CancellationToken cancellationToken) =>
        await storage.WithinAsync(own.VerifyAsync(token, cancellationToken), cancellationToken) is { } subject
            ? await FindOwnAsync(subject, storage, cancellationToken) : null;

    private async ValueTask<(TokenSubject Subject, EntityId Client)?> FindOwnAsync(TokenSubject subject, StorageDeadline storage,
        CancellationToken cancellationToken)
    {
        if (!ClientId.TryParse(subject.Client ?? subject.Subject, out var id) || id.Tenant != subject.Tenant) return null;
        if (await storage.WithinAsync(clients.FindAsync(id, cancellationToken), cancellationToken) is not { } client) return null;
        // What was taken from the client since is not in the token any more.
        return (subject.Client is null ? subject with { Roles = [.. subject.Roles.Intersect(client.Spec.Roles)] } : subject, id.Id);
    }

    /// <summary>A program that a person has signed in to, where they have let it act as them.</summary>
    private async ValueTask<Result<Principal>> OfProgramAsync(
        TokenKey token, JsonWebToken jwt, StorageDeadline storage, CancellationToken cancellationToken) =>
        await people.VerifyAsync(jwt, storage, cancellationToken) is { } grant && grant.Scopes.Contains(OAuthScopes.Api)
            ? await sessions.AuthenticateAsync(token, grant, jwt.ValidTo, storage, cancellationToken) : ApiErrors.Unauthorized;

    /// <summary>
    /// A client asks for a token as often as it likes. So what stands behind one is remembered under what the token says too: the next
    /// that says the same is verified, and reads nothing.
    /// </summary>
    private async ValueTask<Result<Principal>> OfOwnAsync(
        TokenKey token, JsonWebToken jwt, long state, StorageDeadline storage, CancellationToken cancellationToken)
    {
        if (await storage.WithinAsync(own.VerifyAsync(jwt, cancellationToken), cancellationToken) is not { } said)
            return ApiErrors.Unauthorized;
        var same = KeyOf(said);
        if (cache.TryShare(same, token, jwt.ValidTo, state, out var known)) return known;
        if (await FindOwnAsync(said, storage, cancellationToken) is not var (subject, client)) return ApiErrors.Unauthorized;
        var principal = await OfSubjectAsync(subject, storage, cancellationToken) with { Client = client };
        if (!await IsActiveAsync(principal.Tenant, storage, cancellationToken)) return ApiErrors.Unauthorized;
        cache.Remember(same, client, principal, null, state);
        cache.Remember(token, client, principal, jwt.ValidTo, state);
        return principal;
    }

    /// <summary>No token is like it, and no two subjects have the same: each part says how long it is.</summary>
    private static TokenKey KeyOf(TokenSubject subject)
    {
        var key = new StringBuilder(subject.Client is null ? "client " : "user ").Append(subject.Tenant);
        foreach (var part in (string[])[subject.Subject, subject.Client ?? "", .. subject.Roles])
            key.Append(' ').Append(part.Length).Append(' ').Append(part);
        return TokenKey.Of(key.ToString());
    }

    private ValueTask<bool> IsActiveAsync(TenantId organization, StorageDeadline storage, CancellationToken cancellationToken) =>
        storage.WithinAsync(log.IsActiveAsync(organization, cancellationToken), cancellationToken);

    /// <summary>What bindings give to a client is its own, and not that of users for whom it acts.</summary>
    private async ValueTask<Principal> OfSubjectAsync(TokenSubject subject, StorageDeadline storage, CancellationToken cancellationToken)
    {
        var principal = ToPrincipal(subject.Tenant, (subject.Client is null ? "client:" : "user:") + subject.Subject, subject.Roles);
        if (subject.Client is not null) return principal;
        var bound = await storage.WithinAsync(
            bindings.OfClientAsync(subject.Tenant, subject.Subject, cancellationToken), cancellationToken);
        return principal.With(bound.Grants, bound.RoleNames, bound.Until);
    }

    private Principal ToPrincipal(TenantId tenant, string actor, IReadOnlyList<string> roles) => new()
    {
        Tenant = tenant, Actor = actor, Grants = [new Grant(ContractRoles.PermissionsOf(catalog, roles), GrantScope.Organization)],
        RoleNames = roles,
    };
}
