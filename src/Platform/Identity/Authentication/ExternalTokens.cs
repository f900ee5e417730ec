using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Identity.Tokens;

namespace Strata.Identity.Authentication;

/// <summary>A user whom somebody else vouches for.</summary>
/// <param name="Source">The entity that makes the voucher believed.</param>
internal sealed record VouchedUser(TenantId Tenant, string Name, IReadOnlyList<string> Roles, EntityId Source);

/// <summary>Tokens that others signed: OIDC providers and trusted keys of organizations. Safe for concurrent use.</summary>
internal sealed class ExternalTokens(ProviderStore providers, ProviderDocuments documents, TrustedKeyStore trusted, TimeProvider time)
{
    /// <summary>
    /// By an OIDC provider. Where several organizations believe one provider, the audience tells which is meant, or the claim <c>caas_org_id</c>. A token that would be good for
    /// several organizations is good for none: to come first decides nothing.
    /// </summary>
    /// <param name="among">The only organization that it may be for; null: any.</param>
    public async ValueTask<VouchedUser?> ByProviderAsync(JsonWebToken token, TenantId? among, CancellationToken cancellationToken)
    {
        if (token.Subject is not { Length: > 0 } subject) return null;
        var asked = JwtCheck.Text(token, AccessTokens.Organization);
        VouchedUser? found = null;
        foreach (var provider in await providers.OfIssuerAsync(token.Issuer, cancellationToken))
        {
            if ((asked is not null && asked != provider.Org) || !TenantId.TryParse(provider.Org, out var tenant) || (among is { } only && only != tenant)) continue;
            var keys = await documents.KeysAsync(provider.Spec, token.Kid is { Length: > 0 } id ? id : null);
            if (!await JwtCheck.IsValidAsync(token, keys, ProviderKind.IssuersOf(provider.Spec), provider.Spec.ExpectedAudiences, JwtCheck.Algorithms, time.GetUtcNow())) continue;
            if (found is not null && found.Tenant != tenant) return null;
            found ??= new VouchedUser(tenant, subject, JwtCheck.List(token, provider.Spec.RolesClaim ?? ProviderKind.DefaultRolesClaim), ProviderKind.Kind.EntityOf(provider.Id));
        }
        return found;
    }

    /// <summary>By a trusted key of one organization, which the token must name itself, if it names one.</summary>
    public async ValueTask<VouchedUser?> ByTrustedKeyAsync(JsonWebToken token, TenantId tenant, CancellationToken cancellationToken)
    {
        if (token.Subject is not { Length: > 0 } subject || token.Kid is not { Length: > 0 } keyId) return null;
        if (JwtCheck.Text(token, AccessTokens.Organization) is { } asked && asked != tenant.ToString()) return null;
        var now = time.GetUtcNow();
        if (await trusted.FindAsync(tenant, keyId, cancellationToken) is not { } key || !TrustedKeyStore.IsValid(key, now)) return null;
        if (!await JwtCheck.IsValidAsync(token, [TrustedKeyStore.ToKey(key.Spec)], key.Spec.Issuers, [], JwtCheck.Algorithms, now)) return null;
        return new VouchedUser(tenant, subject, JwtCheck.List(token, AccessTokens.UserRoles), TrustedKeyKind.Kind.EntityOf(key.Id));
    }
}
