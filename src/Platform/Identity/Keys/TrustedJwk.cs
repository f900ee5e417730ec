using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Strata.Identity.Keys;

/// <summary>Reads public keys of others, and nothing else: no private halves, no shared secrets, nothing too weak.</summary>
internal static class TrustedJwk
{
    /// <summary>The type of keys of RFC 8037.</summary>
    private const string Octet = "OKP";

    private const int RsaBitsMin = 2048;
    private const int RsaBitsMax = 8192;
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "k"];
    private static readonly string[] Curves = ["P-256", "P-384", "P-521"];

    public static bool TryRead(JsonElement jwk, [NotNullWhen(true)] out SecurityKey? key, [NotNullWhen(false)] out string? fault)
    {
        key = null;
        fault = Refuse(jwk);
        if (fault is not null) return false;
        try
        {
            var read = new JsonWebKey(jwk.GetRawText());
            fault = Weakness(read);
            if (fault is null) key = Convert(read);
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or JsonException or System.Security.Cryptography.CryptographicException)
        {
            // Not readable: reported below.
        }
        if (key is null) fault ??= "It cannot be read as a key.";
        return key is not null;
    }

    private static SecurityKey? Convert(JsonWebKey read)
    {
        if (read.Kty == Octet) return Ed25519SecurityKey.TryImport(Base64UrlEncoder.DecodeBytes(read.X ?? ""));
        return JsonWebKeyConverter.TryConvertToSecurityKey(read, out var converted) ? converted : null;
    }

    private static string? Refuse(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object) return "It must be an object.";
        if (PrivateMembers.Any(m => jwk.TryGetProperty(m, out _)))
            return "It contains a private key or a secret, which must never be sent: send its public part.";
        return null;
    }

    private static string? Weakness(JsonWebKey key) => key.Kty switch
    {
        JsonWebAlgorithmsKeyTypes.RSA => key.KeySize is >= RsaBitsMin and <= RsaBitsMax
            ? null : $"An RSA key has {RsaBitsMin} to {RsaBitsMax} bits here.",
        JsonWebAlgorithmsKeyTypes.EllipticCurve => Curves.Contains(key.Crv)
            ? null : $"Its curve must be one of {string.Join(", ", Curves)}.",
        Octet => key.Crv == Ed25519SecurityKey.Curve ? null : $"Its curve must be {Ed25519SecurityKey.Curve}.",
        _ => "Its type (kty) must be RSA, EC or OKP.",
    };
}
