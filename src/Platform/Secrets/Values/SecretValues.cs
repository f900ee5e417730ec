using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Secrets.Values;

/// <summary>
/// The values of secrets, sealed, beside the log: it keeps everything, and a value that was destroyed must be gone. Each is bound to its
/// secret and version, and opens as no other's. Safe for concurrent use.
/// </summary>
internal sealed class SecretValues(ResourceStore<SecretSpec, SecretStatus> secrets, IDurableValues durable, SealedSecrets box,
    TimeProvider time)
{
    /// <summary>Bytes of a value in UTF-8.</summary>
    public const int BytesMax = 32 * 1024;

    private const int ListMax = 1000;

    /// <summary>The random name that a version's value gets: two writers of one version never share it.</summary>
    public string NewKey() => EntityId.New(time).ToString();

    public ValueTask WriteAsync(TenantId tenant, string secret, string key, string value, CancellationToken cancellationToken) =>
        WriteAsync(tenant, secret, key, new SealedValue(box.Seal(value, ContextOf(secret, key)), time.GetUtcNow()), cancellationToken);

    /// <returns>Null where it was destroyed, or does not open.</returns>
    public async ValueTask<string?> ReadAsync(TenantId tenant, string secret, string key, CancellationToken cancellationToken) =>
        await durable.ReadAsync(tenant, NameOf(secret, key), cancellationToken) is { } stored
            ? box.Open(stored.To(WireJson.Of<SealedValue>()).Value, ContextOf(secret, key)) : null;

    public ValueTask DestroyAsync(TenantId tenant, string secret, string key, CancellationToken cancellationToken) =>
        durable.DeleteAsync(tenant, NameOf(secret, key), cancellationToken);

    /// <summary>Of a secret that is removed.</summary>
    public ValueTask DestroyAllAsync(TenantId tenant, string secret, CancellationToken cancellationToken) =>
        durable.DeleteAsync(tenant, NameOf(secret, ""), cancellationToken);

    /// <summary>Destroys values that no version names and that were written before a time: of writes that were cut off.</summary>
    public async Task SweepAsync(
        TenantId tenant, string secret, IReadOnlyList<SecretVersion> versions, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var prefix = NameOf(secret, "");
        foreach (var (name, stored) in await durable.ListAsync(tenant, prefix, null, ListMax, cancellationToken))
        {
            var key = name[prefix.Length..];
            if (versions.All(v => v.Key != key) && stored.To(WireJson.Of<SealedValue>()).WrittenAt < before)
                await durable.DeleteAsync(tenant, name, cancellationToken);
        }
    }

    /// <summary>Seals every value again that an older data key has sealed.</summary>
    /// <returns>How many.</returns>
    public async Task<int> ResealAsync(Fence? fence, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var secret in secrets.AllAsync(null, null, cancellationToken))
        {
            if (!TenantId.TryParse(secret.Org, out var tenant)) continue;
            foreach (var version in secret.Status.Versions)
                if (await ResealAsync(tenant, secret.Id, version.Key, fence, cancellationToken)) count++;
        }
        return count;
    }

    /// <summary>
    /// One that is destroyed meanwhile would be back. Destroying follows the change that no longer names the value, so a look at the secret
    /// after the write shows whether that has happened.
    /// </summary>
    private async Task<bool> ResealAsync(TenantId tenant, string secret, string key, Fence? fence, CancellationToken cancellationToken)
    {
        if ((await durable.ReadAsync(tenant, NameOf(secret, key), cancellationToken))?.To(WireJson.Of<SealedValue>()) is not { } stored
            || box.IsCurrent(stored.Value) || box.Open(stored.Value, ContextOf(secret, key)) is not { } value) return false;
        var next = stored with { Value = box.Seal(value, ContextOf(secret, key)) };
        await durable.WriteAsync(tenant, NameOf(secret, key), JsonText.From(next, WireJson.Of<SealedValue>()), fence, cancellationToken);
        var now = await secrets.GetAsync(new Caller(tenant, "system:resealing"), secret, AsOf.Latest, CancellationToken.None);
        if (now.Error?.Kind == ErrorKind.NotFound || (now.IsOk && now.Value.Status.Versions.All(v => v.Key != key)))
            await DestroyAsync(tenant, secret, key, CancellationToken.None);
        return true;
    }

    private ValueTask WriteAsync(TenantId tenant, string secret, string key, SealedValue value, CancellationToken cancellationToken) =>
        durable.WriteAsync(tenant, NameOf(secret, key), JsonText.From(value, WireJson.Of<SealedValue>()), cancellationToken);

    private static string NameOf(string secret, string key) => $"secret/{secret}/{key}";

    private static string ContextOf(string secret, string key) => $"secret/{secret}/{key}";

    private sealed record SealedValue(string Value, DateTimeOffset WrittenAt);
}
