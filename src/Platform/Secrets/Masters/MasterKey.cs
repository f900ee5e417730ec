using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Secrets.Masters;

/// <summary>
/// A key from outside the cloud's database, under which the keys in it are wrapped: who has a copy of the database alone can open nothing.
/// </summary>
internal sealed class MasterKey
{
    private static readonly byte[] IdText = "strata master key id 1"u8.ToArray();

    private readonly SealedSecrets box;

    /// <param name="key">32 bytes.</param>
    public MasterKey(byte[] key)
    {
        (Key, box) = (key, new SealedSecrets(key));
        Id = Convert.ToHexStringLower(HMACSHA256.HashData(key, IdText).AsSpan(0, 6));
    }

    public byte[] Key { get; }

    /// <summary>Names it; the key cannot be found from it.</summary>
    public string Id { get; }

    public static MasterKey Create() => new(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes));

    /// <summary>In the form of a line of the key file.</summary>
    public string ToLine() => Convert.ToBase64String(Key);

    /// <param name="name">Of the wrapped key: it opens under no other.</param>
    public string Wrap(byte[] key, string name) => box.Seal(Convert.ToBase64String(key), "key/" + name);

    /// <returns>Null where another master key has wrapped it, or for another name.</returns>
    public byte[]? Unwrap(string wrapped, string name) =>
        box.Open(wrapped, "key/" + name) is { } text ? Convert.FromBase64String(text) : null;
}

/// <summary>The master keys that a source has.</summary>
/// <param name="Current">Wraps.</param>
/// <param name="Previous">Only unwrap, while the master key is being replaced.</param>
internal sealed record MasterKeys(MasterKey Current, IReadOnlyList<MasterKey> Previous)
{
    public IEnumerable<MasterKey> All => [Current, .. Previous];
}
