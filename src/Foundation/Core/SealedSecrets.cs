using System.Security.Cryptography;
using System.Text;

namespace Strata.Core;

/// <summary>
/// Seals short secrets under the cloud's key (AES-256-GCM with a random nonce), so that what is stored reveals nothing. A sealed text is
/// bound to its context: moved elsewhere it does not open. Safe for concurrent use.
/// </summary>
/// <param name="key">32 bytes.</param>
public sealed class SealedSecrets(byte[] key)
{
    public const int KeyBytes = 32;

    private const string Prefix = "sealed1.";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <param name="context">What it belongs to, for example <c>webhook/ID</c>.</param>
    public string Seal(string secret, string context)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(context));
        return Prefix + Convert.ToBase64String(box);
    }

    /// <summary>A key for another purpose, from which the cloud's key cannot be found (HKDF, RFC 5869).</summary>
    /// <param name="purpose">For example <c>peer tokens 1</c>.</param>
    public byte[] DeriveKey(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeyBytes, salt: null, info: Encoding.UTF8.GetBytes("strata " + purpose));

    /// <returns>Null where it was sealed under another key or for another context, or was changed.</returns>
    public string? Open(string text, string context)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var box = new byte[text.Length];
        if (!Convert.TryFromBase64Chars(text.AsSpan(Prefix.Length), box, out var length) || length < NonceBytes + TagBytes) return null;
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
    }
}
