using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// Signs requests with an account key: flattened JSON Web Signatures with ES256, as RFC 8555 section 6.2 wants them. Safe for concurrent
/// use.
/// </summary>
internal sealed class AcmeSigner
{
    private const string P256 = "1.2.840.10045.3.1.7";

    private readonly Lock gate = new(); // .NET does not promise that one key signs on several threads at once
    private readonly ECDsa key;
    private readonly string jwk;

    /// <exception cref="ArgumentException">The key is not on the curve P-256.</exception>
    public AcmeSigner(ECDsa key)
    {
        this.key = key;
        jwk = JwkOf(key);
        Thumbprint = ThumbprintOf(jwk);
    }

    /// <summary>Of the account key (RFC 7638), base64url.</summary>
    public string Thumbprint { get; }

    public static string ThumbprintOf(ECDsa key) => ThumbprintOf(JwkOf(key));

    /// <summary>The body of a request.</summary>
    /// <param name="account">Address of the account; null: the request carries the key itself, which only newAccount does.</param>
    /// <param name="payload">JSON; empty: a POST-as-GET.</param>
    public byte[] Sign(Uri address, string nonce, Uri? account, ReadOnlySpan<byte> payload)
    {
        var head = Json(json =>
        {
            json.WriteString("alg", "ES256");
            json.WriteString("nonce", nonce);
            json.WriteString("url", address.AbsoluteUri);
            if (account is null) WriteKey(json);
            else json.WriteString("kid", account.OriginalString); // servers compare it as text with what they gave
        });
        return Flattened(head, payload, Signature);
    }

    /// <summary>
    /// Proves to the certificate authority that the account key belongs to a customer it knows (RFC 8555 section 7.3.4): the key, signed
    /// with HMAC SHA-256.
    /// </summary>
    public Result<byte[]> Bind(Uri newAccount, AcmeExternalAccount external)
    {
        // Some authorities show the key as plain base64.
        var text = external.HmacKey.Trim().Replace('+', '-').Replace('/', '_');
        if (text.Length == 0 || !Base64Url.IsValid(text)) return AcmeErrors.HmacKeyInvalid;
        var secret = Base64Url.DecodeFromChars(text);
        var head = Json(json =>
        {
            json.WriteString("alg", "HS256");
            json.WriteString("kid", external.KeyId);
            json.WriteString("url", newAccount.AbsoluteUri);
        });
        return Flattened(head, Encoding.UTF8.GetBytes(jwk), signed => HMACSHA256.HashData(secret, signed));
    }

    private static string JwkOf(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false);
        if (point.Curve.Oid?.Value != P256) throw new ArgumentException("An ACME account key must be on the curve P-256.", nameof(key));
        var (x, y) = (Base64Url.EncodeToString(point.Q.X), Base64Url.EncodeToString(point.Q.Y));
        // The members and their order are those that a thumbprint is made of (RFC 7638 section 3.2).
        return $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
    }

    private static string ThumbprintOf(string jwk) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(jwk)));

    private void WriteKey(Utf8JsonWriter json)
    {
        json.WritePropertyName("jwk");
        json.WriteRawValue(jwk);
    }

    private byte[] Signature(byte[] signed)
    {
        lock (gate) return key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static byte[] Flattened(byte[] head, ReadOnlySpan<byte> payload, Func<byte[], byte[]> sign)
    {
        var (first, second) = (Base64Url.EncodeToString(head), Base64Url.EncodeToString(payload));
        var signature = Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes($"{first}.{second}")));
        return Json(json =>
        {
            json.WriteString("protected", first);
            json.WriteString("payload", second);
            json.WriteString("signature", signature);
        });
    }

    /// <summary>One object.</summary>
    public static byte[] Json(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
