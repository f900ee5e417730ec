using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>Access tokens: how clients get them, what they open, and what is refused.</summary>
public abstract class TokenContract(IStore store) : IdentityContract(store)
{
    [Fact]
    public async Task Token_OfAClient_HasTheContractsClaims_AndVerifiesByThePublishedKeys()
    {
        var (id, secret) = await CreateClientAsync(admin: true);
        var (status, body) = await AskAsync(id, secret, ("grant_type", "client_credentials"));
        Assert.Equal(
            (200, "Bearer", 3600), (status, body.GetProperty("token_type").GetString(), body.GetProperty("expires_in").GetInt32()));
        var token = body.GetProperty("access_token").GetString()!;
        var claims = ClaimsOf(token);
        Assert.Equal(id, claims.GetProperty("sub").GetString());
        Assert.Equal(id, claims.GetProperty("caas_user_id").GetString());
        Assert.Equal(Host.Org.ToString(), claims.GetProperty("caas_org_id").GetString());
        Assert.Equal("http://strata.test/api", claims.GetProperty("iss").GetString());
        Assert.Equal("unlimited", claims.GetProperty("caas_tier").GetString());
        Assert.Equal(["ROLE_M2M", "ROLE_ADMIN"], claims.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(3600, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
        Assert.NotEmpty(claims.GetProperty("jti").GetString()!);
        var head = HeadOf(token);
        Assert.Equal("RS256", head.GetProperty("alg").GetString());
        using var rsa = await PublishedKeyAsync(head.GetProperty("kid").GetString()!);
        Assert.Equal(
            head.GetProperty("kid").GetString(), Convert.ToHexStringLower(SHA256.HashData(rsa.ExportSubjectPublicKeyInfo())[..16]));
        var parts = token.Split('.');
        Assert.True(
            rsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]),
                HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public async Task Token_OpensWhatItsRolesGrant_AlsoAfterARestart()
    {
        var machine = await CreateClientAsync();
        var admin = await CreateClientAsync(admin: true);
        var (machineToken, adminToken) = (await TokenAsync(machine.Id, machine.Secret), await TokenAsync(admin.Id, admin.Secret));
        for (var life = 0; life < 2; life++)
        {
            Assert.Equal((200, 403), (await StatusWithAsync(machineToken), await StatusWithAsync(machineToken, "/api/clients")));
            Assert.Equal((200, 200), (await StatusWithAsync(adminToken), await StatusWithAsync(adminToken, "/api/clients")));
            await RestartAsync();
        }
        using var http = Host.Client(adminToken);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/oauth/keys/keypair", """{"audience":"client","algorithm":"RS256"}""")).Status); // the cloud's own keys are its operator's
    }

    [Fact]
    public async Task Client_Deleted_EndsItsTokensAtOnce()
    {
        var (id, secret) = await CreateClientAsync();
        var token = await TokenAsync(id, secret);
        Assert.Equal(200, await StatusWithAsync(token));
        Assert.Equal(id, (await Admin.SendJsonAsync("DELETE", $"/api/clients/{id}")).Body.GetProperty("clientId").GetString());
        await Wait.UntilAsync(async () => await StatusWithAsync(token) == 401, "the token of a deleted client is refused");
        Assert.Equal((401, "invalid_client"), Fault(await AskAsync(id, secret, ("grant_type", "client_credentials"))));
        Assert.Equal((404, "M2M_CLIENT_NOT_FOUND"), Refusal(await Admin.SendJsonAsync("DELETE", $"/api/clients/{id}")));
    }

    [Fact]
    public async Task Request_Faulty_IsRefusedAsOAuthSays()
    {
        var (id, secret) = await CreateClientAsync();
        Assert.Equal((400, "unsupported_grant_type"), Fault(await AskAsync(id, secret, ("grant_type", "password"))));
        Assert.Equal((400, "invalid_request"), Fault(await AskAsync(id, secret)));
        Assert.Equal(
            (400, "invalid_request"),
            Fault(await AskAsync(id, secret, ("grant_type", "client_credentials"), ("grant_type", "client_credentials"))));
        Assert.Equal((401, "invalid_client"), Fault(await AskAsync(id, secret + "x", ("grant_type", "client_credentials"))));
        Assert.Equal((401, "invalid_client"), Fault(await AskAsync("nobody", secret, ("grant_type", "client_credentials"))));
        Assert.Equal(
            (400, "invalid_request"), Fault(await AskAsync(id, secret, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"))));
        Assert.Equal((400, "invalid_grant"), Fault(await ExchangeAsync(id, secret, "a.b.c")));
        using var http = new HttpClient { BaseAddress = Host.Address };
        using var json = await http.PostAsync("/api/oauth/token", new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, json.StatusCode);
        using var anonymous = await http.PostAsync(
            "/api/oauth/token", new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]));
        Assert.Equal((HttpStatusCode.Unauthorized, "Basic"), (anonymous.StatusCode, anonymous.Headers.WwwAuthenticate.Single().Scheme));
        using var get = await http.GetAsync("/api/oauth/token");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
    }

    [Fact]
    public async Task Secrets_GuessedTooOften_AreTooManyRequests_AndTheRightOneStillHolds()
    {
        var (id, secret) = await CreateClientAsync();
        var answers = new List<int>();
        for (var guess = 0; guess < 30; guess++) answers.Add((await AskAsync(id, "wrong", ("grant_type", "client_credentials"))).Status);
        Assert.Equal((401, 429), (answers[0], answers[^1]));
        Assert.Equal(200, (await AskAsync(id, secret, ("grant_type", "client_credentials"))).Status);
        var other = await CreateClientAsync();
        await TokenAsync(other.Id, other.Secret);
    }

    [Fact]
    public async Task Token_ForgedInAnyWay_Is401()
    {
        var (id, secret) = await CreateClientAsync();
        var parts = (await TokenAsync(id, secret)).Split('.');
        var claims = ClaimsOf(string.Join('.', parts)).GetRawText();
        var foreign = Part(claims.Replace(Host.Org.ToString(), Host.OtherOrg.ToString(), StringComparison.Ordinal));
        var kid = HeadOf(string.Join('.', parts)).GetProperty("kid").GetString();
        using var own = RSA.Create(2048);
        string Signed(string head, string body) => $"{Part(head)}.{body}." + System.Buffers.Text.Base64Url.EncodeToString(
            own.SignData(Encoding.ASCII.GetBytes($"{Part(head)}.{body}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        string[] forged =
        [
            $"{parts[0]}.{foreign}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.{parts[2][..^4]}AAAA",
            $"{parts[0]}.{parts[1]}.",
            $"{Part("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.",
            Signed($$"""{"alg":"RS256","kid":"{{kid}}","typ":"JWT"}""", parts[1]),
            Signed("""{"alg":"RS256","kid":"00000000000000000000000000000000","typ":"JWT"}""", parts[1]),
            Signed("""{"alg":"RS256","typ":"JWT"}""", Part(claims.Replace("http://strata.test/api", "https://elsewhere.test", StringComparison.Ordinal))),
            "ey", "ey.ey.ey", "eyJ.", new string('e', 100) + "y..", "ey" + new string('A', 20_000) + ".a.b",
        ];
        foreach (var token in forged) Assert.Equal(401, await StatusWithAsync(token));
    }

    [Fact]
    public async Task Exchange_ByATrustedKey_ActsForItsUser_InTheOwnOrganizationOnly()
    {
        var (id, secret) = await CreateClientAsync();
        using var signer = RSA.Create(2048);
        Assert.Equal(
            200, (await Admin.SendJsonAsync(
                "POST", "/api/oauth/keys/trusted", TestJwt.Registration("partner", signer, issuer: "https://partner.test"))).Status);
        var subject = TestJwt.Sign(signer, "partner", "https://partner.test", "alice", Host.Org, ["ROLE_ADMIN"]);
        var (status, body) = await ExchangeAsync(id, secret, subject);
        Assert.Equal((200, "urn:ietf:params:oauth:token-type:access_token"), (status, body.GetProperty("issued_token_type").GetString()));
        var token = body.GetProperty("access_token").GetString()!;
        var claims = ClaimsOf(token);
        Assert.Equal(("alice", id), (claims.GetProperty("sub").GetString(), claims.GetProperty("act").GetProperty("sub").GetString()));
        Assert.Equal(["ROLE_ADMIN"], claims.GetProperty("user_roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal(200, await StatusWithAsync(token, "/api/clients"));
        Assert.Equal("user:alice", (await AccountAsync(token)).GetProperty("userName").GetString());
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "admin", ["admin"]));
        var theirs = await CreateClientAsync(other);
        Assert.Equal((400, "invalid_grant"), Fault(await ExchangeAsync(theirs.Id, theirs.Secret, subject)));
        Assert.Equal(
            (400, "invalid_grant"),
            Fault(await ExchangeAsync(id, secret, TestJwt.Sign(signer, "partner", "https://elsewhere.test", "alice", Host.Org, []))));
        Assert.Equal(
            (400, "invalid_grant"), Fault(
                await ExchangeAsync(id, secret, TestJwt.Sign(signer, "partner", "https://partner.test", "alice", Host.OtherOrg, []))));
        Assert.Equal(
            (400, "invalid_grant"),
            Fault(await ExchangeAsync(
                id, secret,
                TestJwt.Sign(signer, "partner", "https://partner.test", "alice", Host.Org, [], lifetime: TimeSpan.FromHours(-1)))));
        Assert.Equal(401, await StatusWithAsync(subject)); // a trusted key's token is traded, and opens nothing by itself
    }

    [Fact]
    public async Task Account_TellsWhoIsWho_AndHealthIsOpen()
    {
        var (id, secret) = await CreateClientAsync();
        var account = await AccountAsync(await TokenAsync(id, secret));
        Assert.Equal(
            (id, "default"),
            (account.GetProperty("userId").GetString(), account.GetProperty("legalEntity").GetProperty("name").GetString()));
        Assert.Equal("ROLE_M2M", account.GetProperty("roles")[0].GetProperty("id").GetString());
        Assert.Equal((501, "NOT_IMPLEMENTED"), Refusal(await Admin.SendJsonAsync("GET", "/api/account/subscriptions")));
        using var http = new HttpClient { BaseAddress = Host.Address };
        Assert.Equal("""{"status":"UP"}""", (await http.SendJsonAsync("GET", "/api/health")).Body.GetRawText());
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/account")).Status);
    }

    private async Task<JsonElement> AccountAsync(string token)
    {
        using var http = Host.Client(token);
        return (await http.SendJsonAsync("GET", "/api/account")).Body.GetProperty("userAccountInfo");
    }

    private async Task<RSA> PublishedKeyAsync(string keyId)
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        var keys = (await http.SendJsonAsync("GET", "/api/.well-known/jwks.json")).Body.GetProperty("keys");
        var key = keys.EnumerateArray().Single(k => k.GetProperty("kid").GetString() == keyId);
        byte[] Bytes(string name) => System.Buffers.Text.Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
        return RSA.Create(new RSAParameters { Modulus = Bytes("n"), Exponent = Bytes("e") });
    }

    private static (int, string?) Fault((int Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("error").GetString());

    private static string Part(string json) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
