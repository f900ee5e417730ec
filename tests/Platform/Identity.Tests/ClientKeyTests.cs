using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>Clients that prove who they are by a key of their own (private_key_jwt, RFC 7523), and what is no proof.</summary>
public abstract class ClientKeyContract(IStore store) : IdentityContract(store)
{
    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    [InlineData("EdDSA")]
    public async Task Client_WithAKey_GetsATokenByAnAssertion_AndNoLongerByItsSecret(string algorithm)
    {
        using var key = new TestSigner(algorithm, "k1");
        var (id, secret) = await RegisterAsync(key.PublicJwk);
        var (status, body) = await GrantAsync(key.Assertion(id));
        Assert.True(status == 200, body.ToString());
        var token = body.GetProperty("access_token").GetString()!;
        Assert.Equal(("RS256", id), (HeadOf(token).GetProperty("alg").GetString(), ClaimsOf(token).GetProperty("sub").GetString()));
        Assert.Equal(200, await StatusWithAsync(token));
        Assert.Equal(401, (await AskAsync(id, secret, ("grant_type", "client_credentials"))).Status);
        // The token endpoint is an audience too (OpenID Connect Core, 9).
        Assert.Equal(200, (await GrantAsync(key.Assertion(id, audience: "http://strata.test/api/oauth/token"))).Status);
    }

    [Fact]
    public async Task Assertion_IsUsedOnce_OnAllServers()
    {
        using var key = new TestSigner("ES256");
        var (id, _) = await RegisterAsync(key.PublicJwk);
        await using var other = await StartAsync();
        var assertion = key.Assertion(id);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => GrantAsync(assertion, host: i % 2 == 0 ? Host : other)));
        Assert.Single(answers, a => a.Status == 200);
        Assert.All(answers.Where(a => a.Status != 200), a => Assert.Equal("invalid_client", Fault(a).Item2));
        Assert.Contains((await GrantAsync(assertion, host: other)).Status, new[] { 401, 429 });
        Assert.Equal(200, (await GrantAsync(key.Assertion(id), host: other)).Status);
    }

    [Fact]
    public async Task Assertion_ThatIsNoProof_IsRefused()
    {
        using var key = new TestSigner("ES256", "k1");
        using var rsa = new TestSigner("RS256", "k2");
        using var foreign = new TestSigner("ES256", "k1");
        var (id, _) = await RegisterAsync(key.PublicJwk, rsa.PublicJwk);
        var (other, _) = await RegisterAsync(foreign.PublicJwk);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = JsonNode.Parse(ClaimsOf(key.Assertion(id)).GetRawText())!.AsObject();
        var good = key.Assertion(id).Split('.');
        Dictionary<string, string> wrong = new()
        {
            ["another's key"] = foreign.Assertion(id),
            ["another's name"] = key.Assertion(other),
            ["iss is not sub"] = key.Assertion(id, c => c["iss"] = other),
            ["no client at all"] = key.Assertion("nobody"),
            ["another server's audience"] = key.Assertion(id, audience: "https://elsewhere.test"),
            ["two audiences"] = key.Assertion(id, c => c["aud"] = new JsonArray("http://strata.test/api", "https://elsewhere.test")),
            ["no audience"] = key.Assertion(id, c => c.Remove("aud")),
            ["expired"] = key.Assertion(id, c => c["exp"] = now - 120),
            ["no end"] = key.Assertion(id, c => c.Remove("exp")),
            ["good for an hour"] = key.Assertion(id, c => c["exp"] = now + 3600),
            ["not yet valid"] = key.Assertion(id, c => c["nbf"] = now + 120),
            ["without a jti"] = key.Assertion(id, c => c.Remove("jti")),
            ["alg none"] = key.Sign(claims, "none"),
            ["the public key as a secret"] = rsa.Sign(claims, "HS256"),
            ["the EC key as a secret"] = key.Sign(claims, "HS256"),
            ["another algorithm than the key's"] = $"{rsa.Sign(claims).Split('.')[0]}.{good[1]}.{good[2]}",
            ["changed"] = $"{good[0]}.{good[1][..^2]}AA.{good[2]}",
            ["cut off"] = $"{good[0]}.{good[1]}.{good[2][..^4]}",
            ["no token"] = "a.b.c",
        };
        foreach (var (what, assertion) in wrong)
        {
            var answer = await GrantAsync(assertion);
            Assert.True(answer.Status is 401 or 429 && Fault(answer).Item2 == "invalid_client", $"{what}: {answer.Status} {answer.Body}");
        }
        Assert.Equal((400, "invalid_request"), Fault(await GrantAsync(key.Assertion(id), ("client_secret", "x"))));
        Assert.Equal((400, "invalid_request"), Fault(await GrantAsync(key.Assertion(id), ("client_assertion_type", "x"))));
        Assert.Contains((await GrantAsync(key.Assertion(id), ("client_id", other))).Status, new[] { 401, 429 });
        Assert.Equal(200, (await GrantAsync(key.Assertion(id), ("client_id", id))).Status); // a right one is never kept out
    }

    [Fact]
    public async Task PublicKey_ThatIsNone_IsNotTaken()
    {
        using var key = new TestSigner("ES256");
        using var rsa = System.Security.Cryptography.RSA.Create(1024);
        JsonNode[] wrong =
        [
            JsonNode.Parse(key.PrivateJwk)!, JsonNode.Parse("""{"kty":"oct","k":"c2VjcmV0"}""")!, JsonNode.Parse("{}")!,
            JsonNode.Parse("\"text\"")!, JsonNode.Parse(TestJwt.Jwk(rsa, "weak"))!,
            JsonNode.Parse("""{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}""")!,
            JsonNode.Parse("""{"kty":"OKP","crv":"X25519","x":"AA"}""")!, JsonNode.Parse("""{"kty":"OKP","crv":"Ed25519","x":"AA"}""")!,
            With(key, "use", "enc"), With(key, "alg", "HS256"), With(key, "alg", "RS256"),
        ];
        var (id, _) = await CreateClientAsync();
        foreach (var jwk in wrong) Assert.Equal(400, await PatchAsync(id, new JsonObject { ["publicKeys"] = new JsonArray(jwk) }));
        using var named = new TestSigner("ES256", "same");
        var twice = new JsonArray(named.PublicJwk, named.PublicJwk);
        Assert.Equal(400, await PatchAsync(id, new JsonObject { ["publicKeys"] = twice }));
        var many = new JsonArray([.. Enumerable.Range(0, 11).Select(_ => (JsonNode)key.PublicJwk)]);
        Assert.Equal(400, await PatchAsync(id, new JsonObject { ["publicKeys"] = many }));
        Assert.Equal(400, await PatchAsync(id, new JsonObject { ["signingAlgorithm"] = "HS256" }));
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("EdDSA")]
    public async Task Client_ChoosesHowItsTokensAreSigned(string algorithm)
    {
        var (id, secret) = await CreateClientAsync();
        Assert.Equal(200, await PatchAsync(id, new JsonObject { ["signingAlgorithm"] = algorithm }));
        var token = await TokenAsync(id, secret);
        Assert.Equal(algorithm, HeadOf(token).GetProperty("alg").GetString());
        Assert.Equal(200, await StatusWithAsync(token));
        using var http = new HttpClient { BaseAddress = Host.Address };
        var keys = (await http.SendJsonAsync("GET", "/api/.well-known/jwks.json")).Body.GetProperty("keys").EnumerateArray();
        var published = keys.Single(k => k.GetProperty("kid").GetString() == HeadOf(token).GetProperty("kid").GetString());
        Assert.Equal((algorithm, "sig"), (published.GetProperty("alg").GetString(), published.GetProperty("use").GetString()));
        Assert.False(published.TryGetProperty("n", out _));
        Assert.False(published.TryGetProperty("d", out _));
        await RestartAsync();
        Assert.Equal(200, await StatusWithAsync(token)); // the sealed key opens again
    }

    private static JsonObject With(TestSigner key, string name, string value)
    {
        var jwk = key.PublicJwk;
        jwk[name] = value;
        return jwk;
    }

    private async Task<(string Id, string Secret)> RegisterAsync(params JsonObject[] keys)
    {
        var client = await CreateClientAsync();
        Assert.Equal(200, await PatchAsync(client.Id, new JsonObject { ["publicKeys"] = new JsonArray([.. keys]) }));
        return client;
    }

    private async Task<int> PatchAsync(string id, JsonObject spec) =>
        (await Admin.PatchAsync($"/api/v1/clients/cli_{id[^26..]}", new JsonObject { ["spec"] = spec }.ToJsonString())).Status;

    private async Task<(int Status, JsonElement Body)> GrantAsync(string assertion, params (string Name, string Value)[] more) =>
        await GrantAsync(assertion, Host, more);

    private static async Task<(int Status, JsonElement Body)> GrantAsync(
        string assertion, EntityHost host, params (string Name, string Value)[] more)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_assertion"] = assertion,
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        };
        foreach (var (name, value) in more) form[name] = value;
        using var http = new HttpClient { BaseAddress = host.Address };
        using var answer = await http.PostAsync("/api/oauth/token", new FormUrlEncodedContent(form));
        return ((int)answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync()));
    }

    private static (int, string?) Fault((int Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("error").GetString());
}
