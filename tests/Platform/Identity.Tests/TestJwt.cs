using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Strata.Core;

namespace Strata.Identity.Tests;

/// <summary>Tokens and keys of somebody else, made by hand so that nothing of ours is taken for granted.</summary>
internal static class TestJwt
{
    public static string Sign(RSA key, string keyId, string issuer, string subject, TenantId? org, string[] roles,
        TimeSpan? lifetime = null, string? audience = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new JsonObject
        {
            ["sub"] = subject, ["iss"] = issuer, ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + (lifetime ?? TimeSpan.FromMinutes(5))).ToUnixTimeSeconds(),
            ["user_roles"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]),
        };
        if (org is { } tenant) claims["caas_org_id"] = tenant.ToString();
        if (audience is not null) claims["aud"] = audience;
        var text = $"{Part($$"""{"alg":"RS256","typ":"JWT","kid":"{{keyId}}"}""")}.{Part(claims.ToJsonString())}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public static string Jwk(RSA key, string keyId)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"kty":"RSA","use":"sig","kid":"{{keyId}}","n":"{{Base64Url.EncodeToString(parameters.Modulus)}}","e":"{{Base64Url.EncodeToString(parameters.Exponent)}}"}""";
    }

    public static string Registration(string keyId, RSA key, string issuer) =>
        $$"""{"keyId":"{{keyId}}","jwk":{{Jwk(key, keyId)}},"audience":"human","issuers":["{{issuer}}"]}""";

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
