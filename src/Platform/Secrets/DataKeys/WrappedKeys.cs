using Strata.Core;
using Strata.Entities.Log;
using Strata.Secrets.Masters;

namespace Strata.Secrets.DataKeys;

/// <summary>A key of the cloud as it is stored.</summary>
/// <param name="From">As <see cref="DataKey.From"/>; of the root: when it was made.</param>
/// <param name="Wraps">By the id of the master key that wrapped it: more than one while the master key is being replaced.</param>
internal sealed record WrappedKey(DateTimeOffset From, IReadOnlyDictionary<string, string> Wraps)
{
    public static WrappedKey Of(byte[] key, string name, DateTimeOffset from, IEnumerable<MasterKey> masters) =>
        new(from, masters.ToDictionary(m => m.Id, m => m.Wrap(key, name)));

    /// <returns>Null where none of these master keys has wrapped it.</returns>
    public byte[]? Unwrap(string name, MasterKeys masters) => masters.All
        .Select(m => Wraps.TryGetValue(m.Id, out var wrapped) ? m.Unwrap(wrapped, name) : null).FirstOrDefault(k => k is not null);

    /// <summary>Wrapped under each of these master keys; what others have wrapped stays, or goes.</summary>
    public WrappedKey Under(byte[] key, string name, IEnumerable<MasterKey> masters, bool only)
    {
        var wraps = new Dictionary<string, string>(only ? [] : Wraps, StringComparer.Ordinal);
        foreach (var master in masters)
            wraps[master.Id] = Wraps.TryGetValue(master.Id, out var had) && master.Unwrap(had, name) is not null ? had : master.Wrap(key,
                name);
        return this with { Wraps = wraps };
    }
}

/// <summary>
/// The cloud's keys as they are stored: not in the log, which keeps everything, so that what is replaced or destroyed is really gone.
/// </summary>
internal sealed class WrappedKeys(IDurableValues durable)
{
    public const string Root = "root";

    private const string Prefix = "keys/";

    /// <summary>More than there ever are: one is made by hand, and destroyed a week after it was replaced.</summary>
    private const int Max = 200;

    /// <summary>By name; the root among them.</summary>
    public async ValueTask<IReadOnlyDictionary<string, WrappedKey>> AllAsync(CancellationToken cancellationToken)
    {
        var found = await durable.ListAsync(TenantId.Platform, Prefix, null, Max, cancellationToken);
        return found.ToDictionary(v => v.Name[Prefix.Length..], v => v.Value.To(WireJson.Of<WrappedKey>()), StringComparer.Ordinal);
    }

    /// <param name="fence">The lease of the one who replaces keys; null: under the lease of the first start.</param>
    /// <exception cref="StrataException">KEY_ROTATION_UNFINISHED: the lease has gone to another server.</exception>
    public async ValueTask WriteAsync(string name, WrappedKey key, Fence? fence, CancellationToken cancellationToken)
    {
        var value = JsonText.From(key, WireJson.Of<WrappedKey>());
        if (!await durable.WriteAsync(TenantId.Platform, Prefix + name, value, fence, cancellationToken))
            throw EncryptionErrors.Busy.ToException();
    }

    public async ValueTask DestroyAsync(string name, Fence? fence, CancellationToken cancellationToken) =>
        await durable.DeleteAsync(TenantId.Platform, Prefix + name, fence, cancellationToken);
}
