using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Identity.Tokens;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>
/// Every way to make a token of the cloud's own without its key, or to use one for what it is not: all are refused, by the API and by
/// introspection.
/// </summary>
public sealed class ForgedTokenTests() : IdentityContract(new MemoryStore())
{
    private string id = "";
    private string secret = "";
    private string[] good = [];
    private JsonObject head = [];
    private JsonObject claims = [];

    [Fact]
    public async Task Token_WithAnyFault_Is401_AndInactive()
    {
        await PrepareAsync();
        Assert.Equal(200, await StatusWithAsync(string.Join('.', good)));
        foreach (var (what, token) in (await ForgedAsync()).Concat(await MisusedAsync()))
        {
            Assert.True(await StatusWithAsync(token) == 401, $"{what} was accepted: {token}");
            var (status, body) = await IntrospectAsync(token);
            Assert.True(status == 200 && body.GetRawText() == """{"active":false}""", $"{what}: {body}");
        }
    }

    private async Task PrepareAsync()
    {
        (id, secret) = await CreateClientAsync(admin: true);
        good = (await TokenAsync(id, secret)).Split('.');
        head = JsonNode.Parse(HeadOf(string.Join('.', good)).GetRawText())!.AsObject();
        claims = JsonNode.Parse(ClaimsOf(string.Join('.', good)).GetRawText())!.AsObject();
    }

    /// <summary>Without the key.</summary>
    private async Task<Dictionary<string, string>> ForgedAsync()
    {
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = (string)head["kid"]!;
        var key = (await Host.Service<SigningKeys>().FindAsync(kid, default))!;
        var pem = Encoding.ASCII.GetBytes(key.PublicKey);
        var der = Convert.FromBase64String(string.Concat(key.PublicKey.Split('\n').Where(l => !l.StartsWith('-'))));
        string Rs(byte[] text) => Encode(rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        string Es(byte[] text) => Encode(ec.SignData(text, HashAlgorithmName.SHA256));
        var bits = Base64Url.DecodeFromChars(good[1]);
        bits[bits.Length / 2] ^= 1;
        return new()
        {
            ["alg none"] = Made(Head("none"), claims, _ => ""),
            ["alg None, in other letters"] = Made(Head("NoNe"), claims, _ => ""),
            ["alg none with the old signature"] = Made(Head("none"), claims, _ => good[2]),
            ["HS256 with the public key in PEM"] = Made(Head("HS256"), claims, text => Encode(HMACSHA256.HashData(pem, text))),
            ["HS256 with the public key in DER"] = Made(Head("HS256"), claims, text => Encode(HMACSHA256.HashData(der, text))),
            ["another key under the right kid"] = Made(Head("RS256"), claims, Rs),
            ["ES256 under the kid of an RSA key"] = Made(Head("ES256"), claims, Es),
            ["PS256 under the kid of an RS256 key"] = Made(
                Head("PS256"), claims, text => Encode(rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss))),
            ["a kid that there is not"] = Made(Head("RS256", "0123456789abcdef0123456789abcdef"), claims, Rs),
            ["no kid"] = Made(new JsonObject { ["alg"] = "RS256" }, claims, Rs),
            ["a kid with a path"] = Made(Head("RS256", "../../../../dev/null"), claims, Rs),
            ["a key of its own in the head"] = Made(
                new JsonObject { ["alg"] = "RS256", ["jwk"] = JsonNode.Parse(TestJwt.Jwk(rsa, "x")), ["kid"] = "x" }, claims, Rs),
            ["a key by an address"] = Made(
                new JsonObject { ["alg"] = "RS256", ["jku"] = "https://evil.test/jwks.json", ["kid"] = "x" }, claims, Rs),
            ["one bit of the payload"] = $"{good[0]}.{Encode(bits)}.{good[2]}",
            ["another organization"] = $"{good[0]}.{Part(Changed(c => c["caas_org_id"] = Host.OtherOrg.ToString()))}.{good[2]}",
            ["no signature"] = $"{good[0]}.{good[1]}.",
            ["no signature and no dot"] = $"{good[0]}.{good[1]}",
            ["a cut signature"] = $"{good[0]}.{good[1]}.{good[2][..^10]}",
            ["two signatures"] = $"{good[0]}.{good[1]}.{good[2]}.{good[2]}",
            ["in the general form of two signatures"] = new JsonObject
            {
                ["payload"] = good[1], ["signatures"] = new JsonArray(new JsonObject { ["protected"] = good[0], ["signature"] = good[2] }),
            }.ToJsonString(),
            ["encrypted"] = $"{Part(new JsonObject { ["alg"] = "dir", ["enc"] = "A128GCM" })}..AAAA.AAAA.AAAA",
        };
    }

    /// <summary>By the cloud's own key, which is the last thing that a forger lacks: what it says counts too.</summary>
    private async Task<Dictionary<string, string>> MisusedAsync()
    {
        var keys = Host.Service<SigningKeys>();
        var key = await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Rs256, default);
        var ec = await keys.CurrentAsync(KeyPairKind.Client, KeyPairKind.Es256, default);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        string Own(SigningKey by, JsonObject said) =>
            new Microsoft.IdentityModel.JsonWebTokens.JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
                .CreateToken(said.ToJsonString(), by.Credentials);
        Assert.Equal(200, await StatusWithAsync(Own(key, claims)));
        var es = Own(ec, claims).Split('.');
        var workload = await Host.Service<IWorkloadTokens>().IssueAsync(
            new Workload(("default", Host.Org.ToString()), ("web", "prj_x"), ("shop", "dep_x"), "ins_x", "rel_x", null),
            "sts.example.com", default);
        return new()
        {
            ["expired"] = Own(key, Changed(c => c["exp"] = now - 120)),
            ["without an end"] = Own(key, Changed(c => c.Remove("exp"))),
            ["not yet valid"] = Own(key, Changed(c => c["nbf"] = now + 120)),
            ["another issuer"] = Own(key, Changed(c => c["iss"] = "https://elsewhere.test/api")),
            ["no issuer"] = Own(key, Changed(c => c.Remove("iss"))),
            ["another audience"] = Own(key, Changed(c => c["aud"] = "https://elsewhere.test")),
            ["another organization than its client's"] = Own(key, Changed(c => c["caas_org_id"] = Host.OtherOrg.ToString())),
            ["no organization"] = Own(key, Changed(c => c.Remove("caas_org_id"))),
            ["a client that there is not"] = Own(key, Changed(c => c["sub"] = new string('0', 52))),
            ["an ES256 signature under the kid of the RS256 key"] =
                Made(Head("ES256"), claims, _ => es[2]),
            ["an RS256 head over an ES256 signature"] = $"{good[0]}.{es[1]}.{es[2]}",
            ["a workload's token"] = workload.Value.Token,
        };
    }

    private JsonObject Head(string algorithm, string? kid = null) =>
        new() { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = kid ?? (string)head["kid"]! };

    private JsonObject Changed(Action<JsonObject> change)
    {
        var copy = claims.DeepClone().AsObject();
        change(copy);
        return copy;
    }

    private async Task<(int Status, System.Text.Json.JsonElement Body)> IntrospectAsync(string token)
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        using var answer = await http.PostAsync("/api/oauth/introspect", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["token"] = token, ["client_id"] = id, ["client_secret"] = secret,
        }));
        return ((int)answer.StatusCode, System.Text.Json.JsonElement.Parse(await answer.Content.ReadAsStringAsync()));
    }

    private static string Made(JsonObject head, JsonObject claims, Func<byte[], string> sign)
    {
        var text = $"{Part(head)}.{Part(claims)}";
        return $"{text}.{sign(Encoding.ASCII.GetBytes(text))}";
    }

    private static string Part(JsonObject json) => Encode(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
