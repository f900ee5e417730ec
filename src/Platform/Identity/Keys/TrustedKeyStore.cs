using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using TrustedKeyResource = Strata.Core.Resource<Strata.Contracts.TrustedKeySpec, Strata.Contracts.TrustedKeyStatus>;

namespace Strata.Identity.Keys;

/// <summary>Trusted keys of organizations. Safe for concurrent use.</summary>
internal sealed class TrustedKeyStore(ResourceStore<TrustedKeySpec, TrustedKeyStatus> store, IdentityOptions options, TimeProvider time)
{
    private const int NameRandomCharacters = 10;

    public IAsyncEnumerable<TrustedKeyResource> ListAsync(TenantId tenant, CancellationToken cancellationToken) =>
        store.AllAsync(tenant, null, cancellationToken);

    public async ValueTask<TrustedKeyResource?> FindAsync(TenantId tenant, string keyId, CancellationToken cancellationToken)
    {
        await foreach (var key in ListAsync(tenant, cancellationToken))
        {
            if (key.Spec.KeyId == keyId) return key;
        }
        return null;
    }

    public async Task<Result<TrustedKeyResource>> RegisterAsync(
        Caller caller, TrustedKeySpec spec, DateTimeOffset from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var key in ListAsync(caller.Tenant, cancellationToken))
        {
            if (key.Spec.KeyId == spec.KeyId) return IdentityErrors.TrustedKeyExists(spec.KeyId);
            count++;
        }
        if (count >= options.TrustedKeysMax) return IdentityErrors.Cap("TRUSTED_KEY_CAP_REACHED", "trusted keys", options.TrustedKeysMax);
        var made = new NewResource<TrustedKeySpec> { Name = "key-"
            + RandomNumberGenerator.GetHexString(NameRandomCharacters, lowercase: true), Spec = spec };
        return await store.CreateAsync(caller, made, new TrustedKeyStatus { ValidFrom = from, ValidTo = to }, null, cancellationToken);
    }

    public TrustedKeyResource ToResource(EntityRevision revision) => store.ToResource(revision);

    public Task<Result<TrustedKeyResource>> InvalidateAsync(
        Caller caller, TrustedKeyResource key, TimeSpan grace, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key, key.Status with { ValidTo = time.GetUtcNow() + grace },
            key.State == KeyPairKind.Active ? "invalidate" : null, cancellationToken);

    public Task<Result<TrustedKeyResource>> ReactivateAsync(
        Caller caller, TrustedKeyResource key, DateTimeOffset? from, DateTimeOffset to, CancellationToken cancellationToken) =>
        ChangeAsync(
            caller, key, new TrustedKeyStatus { ValidFrom = from ?? key.Status.ValidFrom, ValidTo = to }, key.State == KeyPairKind.Active
                ? null : "reactivate", cancellationToken);

    public ValueTask<Result<Done>> DeleteAsync(Caller caller, TrustedKeyResource key, CancellationToken cancellationToken) =>
        store.DeleteAsync(caller, key.Id, null, cancellationToken);

    /// <summary>Whether what it signed is trusted.</summary>
    public static bool IsValid(TrustedKeyResource key, DateTimeOffset now) =>
        key.Status.ValidFrom <= now && (key.Status.ValidTo is { } end ? now < end : key.State == KeyPairKind.Active);

    /// <summary>Ready to verify with.</summary>
    public static SecurityKey ToKey(TrustedKeySpec spec)
    {
        if (!TrustedJwk.TryRead(spec.Jwk, out var key, out var fault)) throw new InvalidOperationException(fault);
        key.KeyId = spec.KeyId;
        return key;
    }

    private async Task<Result<TrustedKeyResource>> ChangeAsync(
        Caller caller, TrustedKeyResource key, TrustedKeyStatus status, string? transition, CancellationToken cancellationToken) =>
        await store.ChangeAsync(caller, key.Id, k => k with { Status = status }, transition, null, cancellationToken);
}
