using Strata.Api.Auth.CustomRoles;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>
/// Authenticates <c>stk_…</c> tokens against their entities, and remembers what it found. A token revoked by this server is refused at
/// once, one revoked by another as soon as the change feed shows it and after <see cref="PrincipalCache.KeptFor"/> at the latest. The
/// tokens of an organization end with it. Safe for concurrent use.
/// </summary>
/// <param name="uses">Null: it is not written down when they are used.</param>
public sealed class TokenAuthenticator(
    IEntityLog log, ResourceStore<TokenSpec, TokenStatus> store, RoleGrants roles, TimeProvider time, TokenUses? uses = null)
    : IAuthenticator
{
    private readonly PrincipalCache cache = new(time);

    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (!TokenText.TryParse(token, out var text)) return ApiErrors.Unauthorized;
        var key = TokenKey.Of(token);
        if (cache.TryGet(key, out var known)) return known;
        var (state, storage) = (cache.State, new StorageDeadline(time));
        if (await storage.WithinAsync(FindAsync(text, cancellationToken), cancellationToken) is not { } found)
            return ApiErrors.Unauthorized;
        if (!await storage.WithinAsync(log.IsActiveAsync(text.Tenant, cancellationToken), cancellationToken)) return ApiErrors.Unauthorized;
        var principal = await storage.WithinAsync(PrincipalOfAsync(text.Tenant, found, cancellationToken), cancellationToken);
        cache.Remember(key, text.Id, principal, ExpiryOf(text, found), state);
        uses?.Note(text.Tenant, found);
        return principal;
    }

    /// <summary>Forgets all that was found, because changes may have gone by unseen.</summary>
    public void Invalidate() => cache.Clear();

    /// <summary>Forgets an organization's tokens, because it has changed.</summary>
    public void Invalidate(TenantId organization) => cache.Invalidate(organization);

    /// <summary>Forgets a token, because it is gone.</summary>
    public void Invalidate(TenantId organization, EntityId token) => cache.Invalidate(organization, token);

    private async ValueTask<Resource<TokenSpec, TokenStatus>?> FindAsync(TokenText text, CancellationToken cancellationToken)
    {
        var revision = await log.ReadAsync(text.Tenant, text.Id, AsOf.Latest, cancellationToken);
        if (revision is null || revision.Model != TokenKind.Kind.Model) return null;
        var token = store.ToResource(revision);
        return (text.Matches(token.Status.SecretHash) || text.Matches(token.Status.FormerSecretHash))
            && !(ExpiryOf(text, token) <= time.GetUtcNow()) ? token : null;
    }

    /// <summary>The token's renewal does not lengthen the life of the secret before.</summary>
    private static DateTimeOffset? ExpiryOf(TokenText text, Resource<TokenSpec, TokenStatus> token) =>
        text.Matches(token.Status.SecretHash) ? token.Spec.ExpiresAt : token.Status.FormerExpiresAt;

    private async ValueTask<Principal> PrincipalOfAsync(
        TenantId tenant, Resource<TokenSpec, TokenStatus> token, CancellationToken cancellationToken) =>
        PrincipalOf(tenant, token, await roles.OfAsync(tenant, token.Spec.Roles, cancellationToken));

    /// <summary>Who calls with this token.</summary>
    /// <param name="permissions">Of its roles, as they are now.</param>
    internal static Principal PrincipalOf(
        TenantId tenant, Resource<TokenSpec, TokenStatus> token, IReadOnlySet<string> permissions) => new()
    {
        Tenant = tenant,
        Token = TokenKind.Kind.EntityOf(token.Id),
        Actor = token.Spec.Actor ?? "token:" + token.Name,
        Grants = [new Grant(permissions, ScopeOf(token.Spec))],
        RoleNames = token.Spec.Roles,
        Project = token.Spec.Project,
        Node = token.Spec.Node,
        AllowedFrom = token.Spec.AllowedAddresses is { } networks ? [.. networks.Select(System.Net.IPNetwork.Parse)] : null,
    };

    private static GrantScope ScopeOf(TokenSpec spec) => GrantScope.And(
        spec.Project is { } project ? new GrantScope.OfProject(project) : GrantScope.Organization,
        spec.Node is { } node ? new GrantScope.OfNode(node) : GrantScope.Organization);
}
