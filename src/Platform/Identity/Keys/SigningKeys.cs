using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Keys;

/// <summary>
/// The cloud's key pairs. Read once and kept until the change feed reports a change, a minute at most; the first one of an audience and an
/// algorithm is created when the first token, or the key set, is requested. Safe for concurrent use.
/// </summary>
internal sealed class SigningKeys(
    ResourceStore<KeyPairSpec, KeyPairStatus> store, SealedSecrets secrets, IdentityOptions options, TimeProvider time) : IDisposable
{
    private const int NameRandomCharacters = 10;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    /// <summary>An invalidated one can be reactivated for that long.</summary>
    private static readonly TimeSpan EndedKeptFor = TimeSpan.FromDays(7);

    private static readonly Caller Platform = new(TenantId.Platform, "identity");

    private readonly SemaphoreSlim making = new(1);
    private volatile Known? known;
    private long invalidations;
    private long failedAt;

    /// <summary>What is read at this moment is not kept either: it may be from before the change.</summary>
    public void Invalidate() => Interlocked.Increment(ref invalidations);

    public async ValueTask<IReadOnlyList<SigningKey>> AllAsync(CancellationToken cancellationToken)
    {
        var present = known;
        if (present is not null && present.State == Volatile.Read(ref invalidations) && time.GetElapsedTime(present.ReadAt) < KeptFor)
            return present.Keys;
        var read = new Known([], time.GetTimestamp(), Volatile.Read(ref invalidations));
        await foreach (var pair in store.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            // One that has not changed is not opened again.
            var same = present?.Keys.Find(k => k.ResourceId == pair.Id && k.Revision == pair.Revision);
            if ((same ?? SigningKey.Of(pair, secrets)) is { } key) read.Keys.Add(key);
        }
        known = read;
        return read.Keys;
    }

    /// <summary>The newest that may sign; null if none may.</summary>
    /// <param name="before">Only those that have not changed since this one was made: one that was reactivated later is not before
    /// it.</param>
    public async ValueTask<SigningKey?> FindCurrentAsync(
        string audience, string algorithm, CancellationToken cancellationToken, SigningKey? before = null)
    {
        var now = time.GetUtcNow();
        SigningKey? current = null;
        foreach (var key in await AllAsync(cancellationToken))
        {
            if (key.Audience != audience || key.Algorithm != algorithm || !key.Signs(now)) continue;
            if (before is not null && key.Revision >= before.Revision) continue;
            if (current is null || key.CreatedAt > current.CreatedAt) current = key;
        }
        return current;
    }

    /// <summary>The active ones of a key's audience and algorithm that have not changed since it was made.</summary>
    public async ValueTask<IReadOnlyList<SigningKey>> BeforeAsync(SigningKey key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return [.. (await AllAsync(cancellationToken)).Where(k => k.Audience == key.Audience && k.Algorithm == key.Algorithm
            && k.State == KeyPairKind.Active && k.IsPublished(now) && k.Revision < key.Revision)];
    }

    public async ValueTask<SigningKey> CurrentAsync(string audience, string algorithm, CancellationToken cancellationToken)
    {
        if (await FindCurrentAsync(audience, algorithm, cancellationToken) is { } current) return current;
        await making.WaitAsync(cancellationToken);
        try
        {
            return await FindCurrentAsync(audience, algorithm, cancellationToken)
                ?? (await IssueAsync(Platform, audience, algorithm, time.GetUtcNow(), null, cancellationToken)).Value;
        }
        finally
        {
            making.Release();
        }
    }

    /// <summary>
    /// Creates the first key pairs of those that programs may get tokens of: libraries read the key set before the first token, and keep it
    /// for a day. Where none can be created, those that there are must do; it is tried again after a while, because anyone can ask.
    /// </summary>
    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref failedAt) is not 0 and var failed && time.GetElapsedTime(failed) < KeptFor) return;
        try
        {
            await CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, cancellationToken);
            foreach (var algorithm in KeyPairKind.Algorithms) await CurrentAsync(KeyPairKind.Human, algorithm, cancellationToken);
        }
        catch (StrataException)
        {
            Volatile.Write(ref failedAt, time.GetTimestamp());
        }
    }

    public async ValueTask<SigningKey?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        foreach (var key in await AllAsync(cancellationToken))
            if (key.KeyId == keyId) return key;
        return null;
    }

    public async Task<Result<SigningKey>> IssueAsync(
        Caller caller, string audience, string algorithm, DateTimeOffset from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        if ((await AllAsync(cancellationToken)).Count >= options.KeyPairsMax)
            return IdentityErrors.Cap("KEYPAIR_CAP_REACHED", "key pairs", options.KeyPairsMax);
        var pair = new NewResource<KeyPairSpec>
        {
            Name = "key-" + RandomNumberGenerator.GetHexString(NameRandomCharacters, lowercase: true),
            Spec = new KeyPairSpec { Audience = audience, Algorithm = algorithm },
        };
        var created = await store.CreateAsync(caller, pair, Make(algorithm, from, to), "activate", cancellationToken);
        Invalidate();
        return created.TryGet(out var made, out var error) ? SigningKey.Of(made, secrets)! : error;
    }

    /// <summary>The key pair at a revision of it.</summary>
    public SigningKey Of(EntityRevision revision) => SigningKey.Of(store.ToResource(revision), secrets)!;

    /// <summary>No more signatures; what it signed is accepted for the grace period.</summary>
    public Task<Result<SigningKey>> InvalidateAsync(Caller caller, SigningKey key, TimeSpan grace, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key.ResourceId, s => s with { ValidTo = time.GetUtcNow() + grace },
            key.State == KeyPairKind.Active ? "invalidate" : null, cancellationToken);

    /// <summary>It signs on until a newer one does, and what it signed is accepted until then.</summary>
    public Task<Result<SigningKey>> EndAsync(Caller caller, SigningKey key, DateTimeOffset end, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key.ResourceId, s => s with { ValidTo = s.ValidTo < end ? s.ValidTo : end }, null, cancellationToken);

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

    /// <summary>Deletes those that ended long ago: rotations would fill the place that key pairs have.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var past = time.GetUtcNow() - EndedKeptFor;
        foreach (var key in (await AllAsync(cancellationToken)).Where(k => k.ValidTo < past))
        {
            await store.DeleteAsync(Platform, key.ResourceId, new Revision(key.Revision), cancellationToken);
            Invalidate();
        }
    }

    public void Dispose() => making.Dispose();

    private KeyPairStatus Make(string algorithm, DateTimeOffset from, DateTimeOffset? to)
    {
        var (privateKey, publicKey) = KeyMaterial.Make(algorithm);
        var id = KeyMaterial.IdOf(publicKey);
        var made = new KeyPairStatus
        {
            KeyId = id, PublicKey = PemEncoding.WriteString("PUBLIC KEY", publicKey), ValidFrom = from, ValidTo = to,
            PrivateKey = secrets.Seal(Convert.ToBase64String(privateKey), SigningKey.ContextOf(id)),
        };
        CryptographicOperations.ZeroMemory(privateKey);
        return made;
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
