using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Data;

/// <summary>Reads a public key as OpenSSL writes it (PEM), or as a JSON Web Key or a set of them, and returns JSON Web Keys.</summary>
internal static class PublicKeyFile
{
    private const int BytesMax = 64 * 1024;
    private const string Label = "PUBLIC KEY";

    /// <summary>Of a SubjectPublicKeyInfo of Ed25519 (RFC 8410); the 32 bytes of the key follow.</summary>
    private static readonly byte[] Ed25519Head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    private const int Ed25519Bytes = 32;

    /// <exception cref="StrataException">PUBLIC_KEY_INVALID, or that the file cannot be read.</exception>
    public static async Task<IReadOnlyList<JsonElement>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var text = "";
        try
        {
            if (new FileInfo(path).Length > BytesMax) throw Invalid(path, "is too large for a key").ToException();
            text = await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, $"cannot be read: {e.Message}").ToException();
        }
        return text.TrimStart().StartsWith('{') ? OfJson(path, text) : [OfPem(path, text)];
    }

    private static IReadOnlyList<JsonElement> OfJson(string path, string text)
    {
        try
        {
            var json = JsonElement.Parse(text);
            return json.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array ? [.. keys.EnumerateArray()] : [json];
        }
        catch (JsonException)
        {
            throw Invalid(path, "is not valid JSON").ToException();
        }
    }

    private static JsonElement OfPem(string path, string text)
    {
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw Invalid(path, "has a private key, which must not leave its machine").ToException();
        if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] != Label)
            throw Invalid(path, "has no public key").ToException();
        var info = Convert.FromBase64String(text[fields.Base64Data]);
        return TryRsa(info) ?? TryEc(info) ?? TryEd25519(info)
            ?? throw Invalid(path, "has a key that is neither RSA, nor EC of the curve P-256, nor Ed25519").ToException();
    }

    private static JsonElement? TryRsa(byte[] info)
    {
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(info, out _);
            var key = rsa.ExportParameters(includePrivateParameters: false);
            return Jwk(("kty", "RSA"), ("n", Encode(key.Modulus!)), ("e", Encode(key.Exponent!)));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static JsonElement? TryEc(byte[] info)
    {
        try
        {
            using var ec = ECDsa.Create();
            ec.ImportSubjectPublicKeyInfo(info, out _);
            var point = ec.ExportParameters(includePrivateParameters: false).Q;
            return ec.KeySize == 256 ? Jwk(("kty", "EC"), ("crv", "P-256"), ("x", Encode(point.X!)), ("y", Encode(point.Y!))) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static JsonElement? TryEd25519(byte[] info) =>
        info.Length == Ed25519Head.Length + Ed25519Bytes && info.AsSpan().StartsWith(Ed25519Head)
            ? Jwk(("kty", "OKP"), ("crv", "Ed25519"), ("x", Encode(info[Ed25519Head.Length..]))) : null;

    private static JsonElement Jwk(params (string Name, string Value)[] members) =>
        JsonSerializer.SerializeToElement(members.Append(("use", "sig")).ToDictionary(m => m.Item1, m => m.Item2), WireJson.Options);

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static Error Invalid(string path, string why) => new(
        ErrorKind.Invalid, "PUBLIC_KEY_INVALID", $"{path} {why}.",
        "Give the public part, in PEM or as a JSON Web Key: openssl pkey -in key.pem -pubout -out key.pub");
}
