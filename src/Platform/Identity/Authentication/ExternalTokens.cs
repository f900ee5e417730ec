using Microsoft.IdentityModel.JsonWebTokens;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Identity.Tokens;
using ProviderResource = Strata.Core.Resource<Strata.Contracts.ProviderSpec, Strata.Core.Nothing>;

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
    /// <returns>Unauthenticated where nobody vouches; OIDC_PROVIDER_UNAVAILABLE where a provider that could do so does not give its
    /// keys.</returns>
    public async ValueTask<Result<VouchedUser>> ByProviderAsync(JsonWebToken token, TenantId? among, StorageDeadline storage,
        CancellationToken cancellationToken)
    {
        if (token.Subject is not { Length: > 0 } subject) return ApiErrors.Unauthorized;
        var known = await storage.WithinAsync(providers.OfIssuerAsync(token.Issuer, cancellationToken), cancellationToken);
        var keyId = token.Kid is { Length: > 0 } id ? id : null;
        // All of them are asked at once, so that several silent ones cost no more than one.
        var asked = CandidatesOf(token, known, among).Select(c =>
            (c.Provider, c.Tenant, Keys: documents.KeysAsync(c.Provider.Spec, keyId, cancellationToken).AsTask())).ToArray();
        await Task.WhenAll(asked.Select(a => a.Keys));
        VouchedUser? found = null;
        var isSilent = false;
        foreach (var (provider, tenant, reading) in asked)
        {
            if (await reading is not { } keys) isSilent = true;
            else if (await JwtCheck.IsValidAsync(token, keys, ProviderKind.IssuersOf(provider.Spec), provider.Spec.ExpectedAudiences,
                JwtCheck.Algorithms, time.GetUtcNow()))
            {
                if (found is not null && found.Tenant != tenant) return ApiErrors.Unauthorized;
                found ??= new VouchedUser(tenant, subject, JwtCheck.List(token,
                    provider.Spec.RolesClaim ?? ProviderKind.DefaultRolesClaim), ProviderKind.Kind.EntityOf(provider.Id));
            }
        }
        // One that vouches is enough: otherwise an organization could shut another one's users out with a dead address for the same issuer.
        if (found is not null) return found;
        return isSilent ? IdentityErrors.ProviderUnavailable(token.Issuer) : ApiErrors.Unauthorized;
    }

    /// <summary>The providers that the token could be for by what it says itself; the others are not asked for keys.</summary>
    private static IEnumerable<(ProviderResource Provider, TenantId Tenant)> CandidatesOf(JsonWebToken token,
        IReadOnlyList<ProviderResource> known, TenantId? among)
    {
        var organization = JwtCheck.Text(token, AccessTokens.Organization);
        var audiences = token.Audiences.Select(a => a.TrimEnd('/')).ToHashSet(StringComparer.Ordinal);
        foreach (var provider in known)
        {
            if (!TenantId.TryParse(provider.Org, out var tenant) || (among is { } only && only != tenant) || (organization is not null
                && organization != provider.Org)) continue;
            if (provider.Spec.ExpectedAudiences.Any(a => audiences.Contains(a.TrimEnd('/')))) yield return (provider, tenant);
        }
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
