using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Secrets.Masters;

namespace Strata.Secrets.DataKeys;

/// <summary>
/// The keys of the cloud, in three layers: a master key from outside wraps the root and the data keys; the root derives keys for signing
/// and the like; data keys seal secrets. Servers that share a database must have the same master key: one with another is refused.
/// <para>
/// Invariant: each stored key is wrapped under a master key that every running server has. Replacing a master key therefore first adds
/// wraps under the new one, and removes those under the old one only when it is said to be finished.
/// </para>
/// Safe for concurrent use.
/// </summary>
public sealed class CloudKeys
{
    /// <summary>Until a new data key seals: longer than any server takes to learn of it.</summary>
    internal static readonly TimeSpan Overlap = TimeSpan.FromSeconds(30);

    /// <summary>How long a replaced data key still opens what is not in the log, such as the cookie of a browser.</summary>
    internal static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    /// <summary>Written before there were data keys, when the file was the only key.</summary>
    private const string CheckOfOneKey = "cloud/key-check";

    /// <summary>In a cloud that has it, servers from before may still run, and could not open what a data key seals.</summary>
    private static readonly TimeSpan UpgradeTime = TimeSpan.FromMinutes(10);

    private static readonly byte[] CheckText = "strata cloud key check 1"u8.ToArray();
    private static readonly Caller Cloud = new(TenantId.Platform, "system:keys");

    private readonly IDurableValues durable;
    private readonly ResourceStore<Nothing, DataKeyStatus> records;
    private readonly TimeProvider time;
    private readonly WrappedKeys stored;
    private volatile MasterKeys? masters;
    private SealedSecrets? secrets;

    public CloudKeys(MasterKeySource source, IDurableValues durable, EntityEngine engine, TimeProvider time)
    {
        (Source, this.durable, this.time) = (source, durable, time);
        records = new ResourceStore<Nothing, DataKeyStatus>(engine, DataKeyKind.Kind, time);
        stored = new WrappedKeys(durable);
    }

    public SealedSecrets Secrets => secrets ?? throw new InvalidOperationException("The keys have not been opened.");

    internal MasterKeySource Source { get; }

    internal MasterKeys Masters => masters!;

    /// <summary>Opens the cloud's keys, and makes them at its first start. Call under the lease of the first start.</summary>
    /// <exception cref="StrataException">KEY_MISSING, KEY_MISMATCH, KEY_INVALID.</exception>
    public async Task<SealedSecrets> OpenAsync(CancellationToken cancellationToken)
    {
        var all = await stored.AllAsync(cancellationToken);
        masters = await Source.ReadAsync(cancellationToken);
        if (!all.ContainsKey(WrappedKeys.Root)) await BeginAsync(cancellationToken);
        else if (masters is null) throw EncryptionErrors.Missing(Source).ToException();
        all = await WrapAsync(masters!, only: false, null, cancellationToken);
        secrets = new SealedSecrets(Unwrap(all), time);
        foreach (var (name, key) in all.Where(k => k.Key != WrappedKeys.Root)) await RecordAsync(Cloud, name, key, cancellationToken);
        return secrets;
    }

    /// <summary>Reads the keys again: another server has made one, or destroyed one.</summary>
    internal async Task ReloadAsync(CancellationToken cancellationToken)
    {
        var all = await stored.AllAsync(cancellationToken);
        // The other server may have another master key already, as this one's source does.
        if (all.Any(k => k.Value.Unwrap(k.Key, Masters) is null)) masters = await Source.ReadAsync(cancellationToken) ?? masters;
        var keys = Unwrap(all);
        Secrets.Use(keys);
        if (keys.DataKeys.Count + 1 < all.Count) throw EncryptionErrors.Different(Source).ToException(); // which its supervisor shows
    }

    internal ValueTask<IReadOnlyDictionary<string, WrappedKey>> StoredAsync(CancellationToken cancellationToken) =>
        stored.AllAsync(cancellationToken);

    /// <summary>The data key that seals here now; null: none is in use yet.</summary>
    internal DataKey? Sealing => Secrets.Keys.Current(time.GetUtcNow());

    /// <summary>The data key that seals on every server; null: some may be sealing under the one before.</summary>
    internal DataKey? SealingEverywhere => Secrets.Keys.Current(time.GetUtcNow() - Overlap) is { } key && key == Sealing ? key : null;

    /// <summary>Makes another data key, which seals from <see cref="Overlap"/> on. The caller is the only one that replaces keys.</summary>
    internal async Task<Result<(string Name, DateTimeOffset From)>> RotateDataKeyAsync(
        Caller caller, Fence fence, CancellationToken cancellationToken)
    {
        var waiting = (await stored.AllAsync(cancellationToken)).Where(k => k.Key != WrappedKeys.Root && k.Value.From > time.GetUtcNow());
        if (waiting.Any()) return EncryptionErrors.Rotating(waiting.First().Value.From);
        if (await BehindAsync(cancellationToken) is { } behind) return behind;
        var (name, key) = await MakeAsync(time.GetUtcNow() + Overlap, fence, CancellationToken.None);
        await RecordAsync(caller, name, key, CancellationToken.None); // which the other servers learn from
        await ReloadAsync(CancellationToken.None);
        return (name, key.From);
    }

    /// <summary>
    /// Begins to replace the master key. A file gets a new key in its first line, and keeps the present one; of another source the new key
    /// is expected to be there already.
    /// </summary>
    /// <returns>The id of the new one.</returns>
    internal async Task<Result<string>> RotateMasterKeyAsync(Fence fence, CancellationToken cancellationToken)
    {
        var all = await stored.AllAsync(cancellationToken);
        var had = await Source.ReadAsync(cancellationToken) ?? throw EncryptionErrors.Missing(Source).ToException();
        if (Source.File is not null)
        {
            if (had.Previous.Count > 0 || all.Values.Any(k => k.Wraps.Count > 1)) return EncryptionErrors.RotationUnfinished;
            var next = new MasterKeys(MasterKey.Create(), [had.Current]);
            Source.Write(next); // before anything is wrapped under it: a wrap under a key that was lost opens nothing
            had = next;
        }
        else if (had.Current.Id == Masters.Current.Id) return EncryptionErrors.SameMasterKey(Source);
        await WrapAsync(had, only: false, fence, CancellationToken.None);
        masters = had;
        return had.Current.Id;
    }

    /// <summary>Ends the replacement: what previous master keys have wrapped is removed, and from a file they are removed too.</summary>
    internal async Task<Result<Done>> FinishMasterKeyAsync(Fence fence, CancellationToken cancellationToken)
    {
        if (await BehindAsync(cancellationToken) is { } behind) return behind;
        var had = Masters;
        var all = await stored.AllAsync(cancellationToken);
        if (had.Previous.Count == 0 && all.Values.All(k => k.Wraps.Keys.All(id => id == had.Current.Id)))
            return EncryptionErrors.NothingToFinish;
        await WrapAsync(had, only: true, fence, CancellationToken.None);
        masters = had with { Previous = [] };
        if (Source.File is not null && had.Previous.Count > 0) Source.Write(masters);
        return default(Done);
    }

    /// <summary>Destroys data keys that were replaced long ago. To call when nothing is sealed under any but the newest.</summary>
    internal async Task DestroyOldAsync(Fence? fence, CancellationToken cancellationToken)
    {
        foreach (var key in Outdated)
        {
            await stored.DestroyAsync(key.Id, fence, cancellationToken);
            await records.DeleteAsync(Cloud with { Fence = fence }, key.Id, null, cancellationToken);
        }
    }

    /// <summary>The data keys that were replaced long enough ago to be destroyed.</summary>
    internal IReadOnlyList<DataKey> Outdated
    {
        get
        {
            var keys = Secrets.Keys.DataKeys.OrderBy(k => k.From).ToList();
            return [.. keys.Take(Math.Max(0, keys.Count - 1)).Where((_, i) => keys[i + 1].From + KeptFor <= time.GetUtcNow())];
        }
    }

    /// <summary>The first start of a cloud, or of this version in a cloud whose only key was the file.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        var check = await durable.ReadAsync(TenantId.Platform, CheckOfOneKey, cancellationToken);
        if (check is not null && masters is null) throw EncryptionErrors.Missing(Source).ToException();
        if (check is { } kept && kept.To(WireJson.Of<string>()) != CheckOf(masters!.Current.Key))
            throw EncryptionErrors.Different(Source).ToException();
        if (masters is null)
        {
            if (Source.File is null) throw EncryptionErrors.Missing(Source).ToException();
            masters = new MasterKeys(MasterKey.Create(), []);
            Source.Write(masters);
        }
        var now = time.GetUtcNow();
        await MakeAsync(check is null ? now : now + UpgradeTime, null, cancellationToken);
        // Last: where it is there, all is.
        var root = check is null ? RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes) : masters.Current.Key;
        await stored.WriteAsync(WrappedKeys.Root, WrappedKey.Of(root, WrappedKeys.Root, now, [masters.Current]), null, cancellationToken);
    }

    private static string CheckOf(byte[] key) => Convert.ToHexStringLower(HMACSHA256.HashData(key, CheckText));

    /// <summary>Wrapped as the root is: by the master keys that every server starts with, and by no other.</summary>
    private async Task<(string Name, WrappedKey Key)> MakeAsync(DateTimeOffset from, Fence? fence, CancellationToken cancellationToken)
    {
        var name = "dk-" + RandomNumberGenerator.GetHexString(10, lowercase: true);
        var all = await stored.AllAsync(cancellationToken);
        var wrapping = all.TryGetValue(WrappedKeys.Root, out var root) ? Masters.All.Where(m => root.Wraps.ContainsKey(m.Id))
            : [Masters.Current];
        var key = WrappedKey.Of(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes), name, from, wrapping);
        await stored.WriteAsync(name, key, fence, cancellationToken);
        return (name, key);
    }

    /// <summary>The entity of a data key, which has its history.</summary>
    private async Task RecordAsync(Caller caller, string name, WrappedKey key, CancellationToken cancellationToken)
    {
        var draft = new NewResource<Nothing> { Name = name, Spec = Nothing.Instance };
        var made = await records.CreateAsync(
            caller with { Tenant = TenantId.Platform, Request = null }, draft, new DataKeyStatus { From = key.From }, null,
                cancellationToken);
        if (!made.IsOk && made.Error.Code != ResourceErrors.NameTakenCode) throw made.Error.ToException();
    }

    /// <summary>
    /// Reads this server's source again. An error where it lacks a master key that others have wrapped under: what this server would write
    /// then, they could not open.
    /// </summary>
    private async Task<Error?> BehindAsync(CancellationToken cancellationToken)
    {
        var had = await Source.ReadAsync(cancellationToken) ?? throw EncryptionErrors.Missing(Source).ToException();
        var known = had.All.Select(m => m.Id).ToHashSet(StringComparer.Ordinal);
        var all = await stored.AllAsync(cancellationToken);
        if (all.Values.Any(k => !k.Wraps.Keys.All(known.Contains))) return EncryptionErrors.Behind(Source);
        masters = had;
        return null;
    }

    /// <summary>Wraps every key under the current one of these master keys, too or alone.</summary>
    /// <param name="only">Alone.</param>
    private async Task<IReadOnlyDictionary<string, WrappedKey>> WrapAsync(
        MasterKeys under, bool only, Fence? fence, CancellationToken cancellationToken)
    {
        var all = await stored.AllAsync(cancellationToken);
        var wrapped = new Dictionary<string, WrappedKey>(StringComparer.Ordinal);
        foreach (var (name, key) in all)
        {
            var plain = key.Unwrap(name, under) ?? throw EncryptionErrors.Different(Source).ToException();
            wrapped[name] = key.Under(plain, name, [under.Current], only);
        }
        // All of them open before the first is written.
        foreach (var (name, key) in wrapped)
            if (!key.Wraps.Keys.ToHashSet().SetEquals(all[name].Wraps.Keys)) await stored.WriteAsync(name, key, fence, cancellationToken);
        return wrapped;
    }

    /// <summary>A data key that was wrapped elsewhere is left out, rather than that nothing opens.</summary>
    private SealingKeys Unwrap(IReadOnlyDictionary<string, WrappedKey> all)
    {
        var root = all[WrappedKeys.Root].Unwrap(WrappedKeys.Root, Masters) ?? throw EncryptionErrors.Different(Source).ToException();
        var keys = from named in all
                   where named.Key != WrappedKeys.Root
                   let key = named.Value.Unwrap(named.Key, Masters)
                   where key is not null
                   select new DataKey(named.Key, key, named.Value.From);
        return new SealingKeys(root, [.. keys]);
    }
}
