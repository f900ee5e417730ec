using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Keys;

/// <summary>
/// The cloud's key pairs. Read once and kept until the change feed reports a change, a minute at most; the first one is created when the
/// first token is requested. Safe for concurrent use.
/// </summary>
internal sealed class SigningKeys(
    ResourceStore<KeyPairSpec, KeyPairStatus> store, SealedSecrets secrets, IdentityOptions options, TimeProvider time) : IDisposable
{
    private const int Bits = 2048;
    private const int NameRandomCharacters = 10;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);
    private static readonly Caller Platform = new(TenantId.Platform, "identity");

    private readonly SemaphoreSlim making = new(1);
    private volatile Known? known;
    private long invalidations;

    /// <summary>What is read at this moment is not kept either: it may be from before the change.</summary>
    public void Invalidate() => Interlocked.Increment(ref invalidations);

    public async ValueTask<IReadOnlyList<SigningKey>> AllAsync(CancellationToken cancellationToken)
    {
        if (known is { } present && present.State == Volatile.Read(ref invalidations) && time.GetElapsedTime(present.ReadAt) < KeptFor)
            return present.Keys;
        var read = new Known([], time.GetTimestamp(), Volatile.Read(ref invalidations));
        await foreach (var pair in store.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            if (SigningKey.Of(pair, secrets) is { } key) read.Keys.Add(key);
        }
        known = read;
        return read.Keys;
    }

    /// <summary>The newest that may sign; null if none may.</summary>
    /// <param name="before">Only those that have not changed since this one was made: one that was reactivated later is not before
    /// it.</param>
    public async ValueTask<SigningKey?> FindCurrentAsync(string audience, CancellationToken cancellationToken, SigningKey? before = null)
    {
        var now = time.GetUtcNow();
        return (await AllAsync(cancellationToken))
            .Where(k => k.Audience == audience && k.Signs(now) && (before is null || k.Revision < before.Revision))
            .MaxBy(k => k.CreatedAt);
    }

    public async ValueTask<SigningKey> CurrentAsync(string audience, CancellationToken cancellationToken)
    {
        if (await FindCurrentAsync(audience, cancellationToken) is { } current) return current;
        await making.WaitAsync(cancellationToken);
        try
        {
            return await FindCurrentAsync(audience, cancellationToken)
                ?? (await IssueAsync(Platform, audience, time.GetUtcNow(), null, cancellationToken)).Value;
        }
        finally
        {
            making.Release();
        }
    }

    public async ValueTask<SigningKey?> FindAsync(string keyId, CancellationToken cancellationToken) =>
        (await AllAsync(cancellationToken)).FirstOrDefault(k => k.KeyId == keyId);

    public async Task<Result<SigningKey>> IssueAsync(
        Caller caller, string audience, DateTimeOffset from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        if ((await AllAsync(cancellationToken)).Count >= options.KeyPairsMax)
            return IdentityErrors.Cap("KEYPAIR_CAP_REACHED", "key pairs", options.KeyPairsMax);
        var pair = new NewResource<KeyPairSpec>
        {
            Name = "key-" + RandomNumberGenerator.GetHexString(NameRandomCharacters, lowercase: true),
            Spec = new KeyPairSpec { Audience = audience, Algorithm = KeyPairKind.Rs256 },
        };
        var created = await store.CreateAsync(caller, pair, Make(from, to), "activate", cancellationToken);
        Invalidate();
        return created.TryGet(out var made, out var error) ? SigningKey.Of(made, secrets)! : error;
    }

    /// <summary>The key pair at a revision of it.</summary>
    public SigningKey Of(EntityRevision revision) => SigningKey.Of(store.ToResource(revision), secrets)!;

    /// <summary>No more signatures; what it signed is accepted for the grace period.</summary>
    public Task<Result<SigningKey>> InvalidateAsync(Caller caller, SigningKey key, TimeSpan grace, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key.ResourceId, s => s with { ValidTo = time.GetUtcNow() + grace },
            key.State == KeyPairKind.Active ? "invalidate" : null, cancellationToken);

    public Task<Result<SigningKey>> ReactivateAsync(
        Caller caller, SigningKey key, DateTimeOffset? from, DateTimeOffset to, CancellationToken cancellationToken) =>
        ChangeAsync(
            caller, key.ResourceId, s => s with { ValidFrom = from ?? s.ValidFrom, ValidTo = to }, key.State == KeyPairKind.Invalidated
                ? "reactivate" : null, cancellationToken);

    public async Task<Result<Done>> DeleteAsync(Caller caller, SigningKey key, CancellationToken cancellationToken)
    {
        var deleted = await store.DeleteAsync(caller, key.ResourceId, null, cancellationToken);
        Invalidate();
        return deleted;
    }

    public void Dispose() => making.Dispose();

    private KeyPairStatus Make(DateTimeOffset from, DateTimeOffset? to)
    {
        using var rsa = RSA.Create(Bits);
        var id = SigningKey.IdOf(rsa);
        return new KeyPairStatus
        {
            KeyId = id, PublicKey = rsa.ExportSubjectPublicKeyInfoPem(), ValidFrom = from, ValidTo = to,
            PrivateKey = secrets.Seal(Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()), SigningKey.ContextOf(id)),
        };
    }

    private async Task<Result<SigningKey>> ChangeAsync(
        Caller caller, string id, Func<KeyPairStatus, KeyPairStatus> change, string? transition, CancellationToken cancellationToken)
    {
        var changed = await store.ChangeAsync(
            caller, id, pair => pair with { Status = change(pair.Status) }, transition, null, cancellationToken);
        Invalidate();
        return changed.TryGet(out var now, out var error) ? SigningKey.Of(now, secrets)! : error;
    }

    private sealed record Known(List<SigningKey> Keys, long ReadAt, long State);
}
