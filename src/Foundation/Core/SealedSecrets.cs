using System.Security.Cryptography;
using System.Text;

namespace Strata.Core;

/// <summary>
/// Seals short secrets under the cloud's keys (AES-256-GCM with a random nonce), so that what is stored reveals nothing. A sealed text is
/// bound to its context: moved elsewhere it does not open. It names the data key that sealed it, so that keys can be replaced while the
/// cloud runs. Safe for concurrent use.
/// </summary>
/// <param name="time">Decides which data key seals; null: there are no data keys.</param>
public sealed class SealedSecrets(SealingKeys keys, TimeProvider? time)
{
    public const int KeyBytes = 32;

    private const string UnderRoot = "sealed1.";
    private const string UnderDataKey = "sealed2.";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private volatile SealingKeys keys = keys;

    /// <param name="key">32 bytes: the only key.</param>
    public SealedSecrets(byte[] key) : this(new SealingKeys(key, []), null)
    {
    }

    public SealingKeys Keys => keys;

    /// <summary>From now on these are the keys.</summary>
    public void Use(SealingKeys next) => keys = next;

    /// <param name="context">What it belongs to, for example <c>webhook/ID</c>.</param>
    public string Seal(string secret, string context) => CurrentKey is { } key
        ? $"{UnderDataKey}{key.Id}.{SealUnder(key.Key, secret, context)}" : UnderRoot + SealUnder(keys.Root, secret, context);

    /// <returns>Null where it was sealed under another key or for another context, or was changed.</returns>
    public string? Open(string text, string context)
    {
        if (text.StartsWith(UnderRoot, StringComparison.Ordinal)) return OpenUnder(keys.Root, text.AsSpan(UnderRoot.Length), context);
        return DataKeyOf(text) is { } key ? OpenUnder(key.Key, text.AsSpan(UnderDataKey.Length + key.Id.Length + 1), context) : null;
    }

    /// <summary>Whether the key that seals now has sealed it.</summary>
    public bool IsCurrent(string text) => CurrentKey is { } key
        ? DataKeyOf(text)?.Id == key.Id : text.StartsWith(UnderRoot, StringComparison.Ordinal);

    /// <summary>A key for another purpose, from which the cloud's own cannot be found (HKDF, RFC 5869).</summary>
    /// <param name="purpose">For example <c>peer tokens 1</c>.</param>
    public byte[] DeriveKey(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, keys.Root, KeyBytes, salt: null, info: Encoding.UTF8.GetBytes("strata " + purpose));

    private DataKey? CurrentKey => time is null ? null : keys.Current(time.GetUtcNow());

    private DataKey? DataKeyOf(string text)
    {
        if (!text.StartsWith(UnderDataKey, StringComparison.Ordinal)) return null;
        var id = text.AsSpan(UnderDataKey.Length);
        var end = id.IndexOf('.');
        if (end < 0) return null;
        id = id[..end];
        foreach (var key in keys.DataKeys)
            if (id.SequenceEqual(key.Id)) return key;
        return null;
    }

    private static string SealUnder(byte[] key, string secret, string context)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(context));
        CryptographicOperations.ZeroMemory(plain);
        return Convert.ToBase64String(box);
    }

    private static string? OpenUnder(byte[] key, ReadOnlySpan<char> text, string context)
    {
        var box = new byte[text.Length];
        if (!Convert.TryFromBase64Chars(text, box, out var length) || length < NonceBytes + TagBytes) return null;
        var plain = new byte[length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes, plain.Length), box.AsSpan(NonceBytes, TagBytes), plain,
                Encoding.UTF8.GetBytes(context));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
