using Microsoft.IdentityModel.Tokens;
using NSec.Cryptography;

namespace Strata.Identity.Keys;

/// <summary>The public half of one of the cloud's keys, as the key set shows it (RFC 7517, RFC 8037). Null: not of its type.</summary>
internal sealed record PublicJwk
{
    public required string Kty { get; init; }
    public required string Use { get; init; }
    public required string Alg { get; init; }
    public required string Kid { get; init; }
    public string? N { get; init; }
    public string? E { get; init; }
    public string? Crv { get; init; }
    public string? X { get; init; }
    public string? Y { get; init; }

    public static PublicJwk Of(string keyId, string algorithm, SecurityKey key)
    {
        var jwk = new PublicJwk { Kty = "", Use = "sig", Alg = algorithm, Kid = keyId };
        switch (key)
        {
            case RsaSecurityKey rsa:
                var parameters = rsa.Rsa.ExportParameters(includePrivateParameters: false);
                return jwk with { Kty = "RSA", N = Encode(parameters.Modulus!), E = Encode(parameters.Exponent!) };
            case ECDsaSecurityKey ec:
                var point = ec.ECDsa.ExportParameters(includePrivateParameters: false).Q;
                return jwk with { Kty = "EC", Crv = "P-256", X = Encode(point.X!), Y = Encode(point.Y!) };
            case Ed25519SecurityKey ed:
                var raw = ed.PublicKey.Export(KeyBlobFormat.RawPublicKey);
                return jwk with { Kty = "OKP", Crv = Ed25519SecurityKey.Curve, X = Encode(raw) };
            default:
                throw new ArgumentException("It is not one of the cloud's keys.", nameof(key));
        }
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
