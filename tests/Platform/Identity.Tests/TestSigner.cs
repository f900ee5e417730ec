using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using NSec.Cryptography;

namespace Strata.Identity.Tests;

/// <summary>
/// A key pair from outside, of any algorithm, and tokens that it signs; made by hand so that nothing of ours is taken for granted.
/// </summary>
internal sealed class TestSigner : IDisposable
{
    private readonly RSA? rsa;
    private readonly ECDsa? ec;
    private readonly Key? ed;

    public TestSigner(string algorithm, string? keyId = null)
    {
        (Algorithm, KeyId) = (algorithm, keyId);
        if (algorithm == "ES256") ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        else if (algorithm == "EdDSA") ed = Key.Create(SignatureAlgorithm.Ed25519);
        else rsa = RSA.Create(2048);
    }

    public string Algorithm { get; }

    public string? KeyId { get; }

    /// <summary>As a client registers it.</summary>
    public JsonObject PublicJwk
    {
        get
        {
            var jwk = new JsonObject();
            if (rsa?.ExportParameters(false) is { } p) (jwk["kty"], jwk["n"], jwk["e"]) = ("RSA", Text(p.Modulus!), Text(p.Exponent!));
            else if (ec?.ExportParameters(false) is { } q)
                (jwk["kty"], jwk["crv"], jwk["x"], jwk["y"]) = ("EC", "P-256", Text(q.Q.X!), Text(q.Q.Y!));
            else (jwk["kty"], jwk["crv"], jwk["x"]) = ("OKP", "Ed25519", Text(ed!.PublicKey.Export(KeyBlobFormat.RawPublicKey)));
            if (KeyId is not null) jwk["kid"] = KeyId;
            return jwk;
        }
    }

    /// <summary>With the private half, for a library in another process; of ES256.</summary>
    public string PrivateJwk
    {
        get
        {
            var jwk = PublicJwk;
            jwk["d"] = Text(ec!.ExportParameters(true).D!);
            return jwk.ToJsonString();
        }
    }

    /// <summary>The public half as everyone has it, to be misused as a shared secret.</summary>
    public byte[] PublicBytes => rsa?.ExportSubjectPublicKeyInfo() ?? ec?.ExportSubjectPublicKeyInfo() ?? [];

    /// <summary>An assertion that proves a client to be who it says.</summary>
    public string Assertion(string client, Action<JsonObject>? change = null, string audience = "http://strata.test/api")
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = client, ["sub"] = client, ["aud"] = audience, ["iat"] = now, ["exp"] = now + 60,
            ["jti"] = Text(RandomNumberGenerator.GetBytes(16)),
        };
        change?.Invoke(claims);
        return Sign(claims);
    }

    public string Sign(JsonObject claims, string? algorithm = null)
    {
        var head = new JsonObject { ["alg"] = algorithm ?? Algorithm, ["typ"] = "JWT" };
        if (KeyId is not null) head["kid"] = KeyId;
        var text = $"{Text(Encoding.UTF8.GetBytes(head.ToJsonString()))}.{Text(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{text}.{Text(SignatureOf(Encoding.ASCII.GetBytes(text), algorithm ?? Algorithm))}";
    }

    public void Dispose()
    {
        rsa?.Dispose();
        ec?.Dispose();
        ed?.Dispose();
    }

    private byte[] SignatureOf(byte[] text, string algorithm) => algorithm switch
    {
        "none" => [],
        "HS256" => HMACSHA256.HashData(PublicBytes, text),
        "PS256" => rsa!.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        "RS256" => rsa!.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "ES256" => ec!.SignData(text, HashAlgorithmName.SHA256),
        _ => SignatureAlgorithm.Ed25519.Sign(ed!, text),
    };

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
