using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Keys;

namespace Strata.Identity.Clients;

/// <summary>Public keys by which a client proves who it is (RFC 7523): which ones there may be, and which may have signed a text.</summary>
internal static class ClientKeys
{
    private const int Max = 10;
    private const int KeyIdLengthMax = 200;

    /// <summary>Of signatures; none is made with a secret that the server has too.</summary>
    public static readonly IReadOnlyList<string> Algorithms =
        [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256, KeyPairKind.EdDsa];

    public static IEnumerable<ValidationError> Check(ClientSpec spec)
    {
        if (spec.PublicKeys.Count > Max) yield return new("publicKeys", $"They are at most {Max}.");
        if (spec.PublicKeys.Count > 0 && spec.Public)
            yield return new("publicKeys", "A client that can keep no secret can keep no private key: leave out public, or the keys.");
        for (var i = 0; i < Math.Min(spec.PublicKeys.Count, Max); i++)
        {
            if (FaultOf(spec.PublicKeys[i]) is { } fault) yield return new($"publicKeys[{i}]", fault);
        }
        var named = spec.PublicKeys.Select(k => Member(k, "kid")).OfType<string>().ToList();
        if (named.Distinct(StringComparer.Ordinal).Count() < named.Count) yield return new("publicKeys", "Each has a kid of its own.");
    }

    /// <summary>Those that may have made a signature with this key id and algorithm.</summary>
    /// <param name="keyId">Null: the signature names none.</param>
    public static IReadOnlyList<SecurityKey> For(ClientSpec spec, string? keyId, string algorithm)
    {
        var found = new List<SecurityKey>();
        foreach (var jwk in spec.PublicKeys)
        {
            var (kid, alg) = (Member(jwk, "kid"), Member(jwk, "alg"));
            if ((kid is not null && keyId is not null && kid != keyId) || (alg is not null && alg != algorithm)) continue;
            if (!TrustedJwk.TryRead(jwk, out var key, out _) || !Fits(key, algorithm)) continue;
            key.KeyId = keyId; // it has been compared: the library compares nothing else
            found.Add(key);
        }
        return found;
    }

    private static string? FaultOf(JsonElement jwk)
    {
        if (!TrustedJwk.TryRead(jwk, out var key, out var fault)) return fault;
        if (!Algorithms.Any(a => Fits(key, a))) return "An EC key must be of the curve P-256.";
        if (Member(jwk, "use") is { } use && use != "sig") return "Its use must be sig.";
        if (Member(jwk, "alg") is { } alg && !(Algorithms.Contains(alg) && Fits(key, alg)))
            return $"Its alg must be one of {string.Join(", ", Algorithms)}, and one that the key can make.";
        return Member(jwk, "kid") is { Length: 0 or > KeyIdLengthMax } ? $"Its kid takes 1 to {KeyIdLengthMax} characters." : null;
    }

    private static bool Fits(SecurityKey key, string algorithm) => key switch
    {
        Ed25519SecurityKey => algorithm == KeyPairKind.EdDsa,
        ECDsaSecurityKey { KeySize: 256 } => algorithm == SecurityAlgorithms.EcdsaSha256,
        RsaSecurityKey => algorithm is SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.RsaSsaPssSha256,
        _ => false,
    };

    private static string? Member(JsonElement jwk, string name) =>
        jwk.ValueKind == JsonValueKind.Object && jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
