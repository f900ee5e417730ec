using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Identity.Tokens;
using ProviderResource = Strata.Core.Resource<Strata.Contracts.ProviderSpec, Strata.Core.Nothing>;

namespace Strata.Identity.Authentication;

/// <summary>A user authenticated by an external issuer.</summary>
/// <param name="Source">The entity that makes the issuer trusted.</param>
internal sealed record VouchedUser(TenantId Tenant, string Name, IReadOnlyList<string> Roles, EntityId Source);

/// <summary>Tokens that others signed: OIDC providers and trusted keys of organizations. Safe for concurrent use.</summary>
internal sealed class ExternalTokens(
    ProviderStore providers, ProviderDocuments documents, TrustedKeyStore trusted, IdentityOptions options, TimeProvider time)
{
    /// <summary>Providers that one token may have asked at the same time.</summary>
    internal const int AskedAtOnceMax = 4;

    /// <summary>
    /// By an OIDC provider. Where several organizations trust one provider, the audience or the claim <c>caas_org_id</c> selects the
    /// organization. A token that would be valid for several organizations is valid for none: being found first decides nothing.
    /// </summary>
    /// <param name="among">The only organization that it may be for; null: any.</param>
    /// <returns>Unauthenticated if no provider vouches for the user; OIDC_PROVIDER_UNAVAILABLE if one that could does not return its
    /// keys.</returns>
    public async ValueTask<Result<VouchedUser>> ByProviderAsync(JsonWebToken token, TenantId? among, StorageDeadline storage,
        CancellationToken cancellationToken)
    {
        if (token.Subject is not { Length: > 0 }) return ApiErrors.Unauthorized;
        var known = await storage.WithinAsync(providers.OfIssuerAsync(token.Issuer, cancellationToken), cancellationToken);
        var keyId = token.Kid is { Length: > 0 } id ? id : null;
        // By address, so that organizations with the same provider are judged by the same keys; those whose keys are at hand come first.
        var waiting = new Queue<Asked>(CandidatesOf(token, known, among)
            .GroupBy(c => c.Provider.Spec.WellKnownConfigUri, StringComparer.Ordinal)
            .Select(g => new Asked([.. g], documents.AtHand(g.First().Provider.Spec, keyId))).OrderBy(a => a.AtHand));
        var asked = new List<Asked>();
        var began = time.GetTimestamp();
        VouchedUser? found = null;
        var isSilent = false;
        while (true)
        {
            while (asked.Count < AskedAtOnceMax && waiting.TryPeek(out var next) && (found is null || next.HoldsKey))
            {
                waiting.Dequeue();
                if (options.ProviderTimeout - time.GetElapsedTime(began) is var left && left <= TimeSpan.Zero)
                {
                    isSilent = true; // there was no time to ask it
                    if (!next.HoldsKey) continue;
                    left = TimeSpan.Zero;
                }
                next.Keys = documents.KeysAsync(next.Candidates[0].Provider.Spec, keyId, left, cancellationToken).AsTask();
                asked.Add(next);
            }
            // One that vouches is enough, unless others have the key too: otherwise an organization could shut another one's users out, or
            // make each of their sign-ins slow, with a dead or silent address for the same issuer.
            if (!asked.Exists(a => found is null || a.HoldsKey)) break;
            await Task.WhenAny(asked.Select(a => a.Keys));
            foreach (var answered in asked.FindAll(a => a.Keys.IsCompleted))
            {
                asked.Remove(answered);
                if (await answered.Keys is not { } keys) isSilent = true;
                else if (!(await JudgeAsync(token, answered, keys, found)).TryGet(out found, out var error)) return error;
            }
        }
        if (found is not null) return found;
        return isSilent ? IdentityErrors.ProviderUnavailable(token.Issuer) : ApiErrors.Unauthorized;
    }

    /// <param name="found">The user that earlier providers have vouched for.</param>
    /// <returns>The user that they all vouch for, null for none yet; Unauthenticated if that would be in several organizations.</returns>
    private async ValueTask<Result<VouchedUser?>> JudgeAsync(
        JsonWebToken token, Asked answered, IReadOnlyList<SecurityKey> keys, VouchedUser? found)
    {
        foreach (var (provider, tenant) in answered.Candidates)
        {
            if (!await JwtCheck.IsValidAsync(token, keys, ProviderKind.IssuersOf(provider.Spec), provider.Spec.ExpectedAudiences,
                JwtCheck.Algorithms, time.GetUtcNow())) continue;
            if (found is not null && found.Tenant != tenant) return ApiErrors.Unauthorized;
            found ??= new VouchedUser(
                tenant, token.Subject, JwtCheck.List(token, provider.Spec.RolesClaim ?? ProviderKind.DefaultRolesClaim),
                ProviderKind.Kind.EntityOf(provider.Id));
        }
        return Result.Of(found);
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
        if (!await JwtCheck.IsValidAsync(token, [TrustedKeyStore.ToKey(key.Spec)], key.Spec.Issuers, [], JwtCheck.Algorithms, now))
            return null;
        return new VouchedUser(tenant, subject, JwtCheck.List(token, AccessTokens.UserRoles), TrustedKeyKind.Kind.EntityOf(key.Id));
    }

    /// <summary>Providers of one address, which have the same keys.</summary>
    private sealed record Asked(IReadOnlyList<(ProviderResource Provider, TenantId Tenant)> Candidates, KeysAtHand AtHand)
    {
        public bool HoldsKey => AtHand == KeysAtHand.Held;

        public Task<IReadOnlyList<SecurityKey>?> Keys { get; set; } = Task.FromResult<IReadOnlyList<SecurityKey>?>(null);
    }
}
