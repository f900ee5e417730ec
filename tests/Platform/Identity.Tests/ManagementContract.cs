using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>Clients, key pairs, trusted keys and providers: made, shown, changed, refused.</summary>
public abstract class ManagementContract(IStore store) : IdentityContract(store)
{
    [Fact]
    public async Task Clients_AreListedWithoutSecrets_AndResetRefusesTheOldSecret()
    {
        var (id, secret) = await CreateClientAsync();
        Assert.Matches("^[A-Za-z0-9]+$", id);
        var listed = Assert.Single((await Admin.SendJsonAsync("GET", "/api/clients")).Body.EnumerateArray().ToArray());
        Assert.Equal(["clientId", "creationDate", "lastUpdateDate", "roles"], listed.EnumerateObject().Select(m => m.Name).Order());
        var reset = await Admin.SendJsonAsync("PUT", $"/api/clients/{id}/secret");
        var fresh = reset.Body.GetProperty("client_secret").GetString()!;
        Assert.NotEqual(secret, fresh);
        Assert.Equal(401, (await AskAsync(id, secret, ("grant_type", "client_credentials"))).Status);
        await TokenAsync(id, fresh);
        foreach (var path in new[] { "/api/v1/clients",
            "/api/v1/clients/" + (await Admin.SendJsonAsync("GET", "/api/v1/clients")).Body.GetProperty("items")[0].GetProperty("name")
                .GetString() + "/history" })
            Assert.DoesNotContain("secretHash", (await Admin.SendJsonAsync("GET", path)).Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_OfOthers_DoNotExist_AndTheirNumberIsBounded()
    {
        var (id, _) = await CreateClientAsync();
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "admin", ["admin"]));
        Assert.Empty((await other.SendJsonAsync("GET", "/api/clients")).Body.EnumerateArray());
        Assert.Equal((404, "M2M_CLIENT_NOT_FOUND"), Refusal(await other.SendJsonAsync("DELETE", $"/api/clients/{id}")));
        Assert.Equal((404, "M2M_CLIENT_NOT_FOUND"), Refusal(await other.SendJsonAsync("PUT", $"/api/clients/{id}/secret")));
        for (var made = 1; made < 8; made++) await CreateClientAsync();
        Assert.Equal((409, "M2M_CLIENT_CAP_REACHED"), Refusal(await Admin.SendJsonAsync("POST", "/api/clients")));
        using var viewer = Host.Client(await Host.TokenAsync(Host.Org, "viewer", ["viewer"]));
        Assert.Equal(403, (await viewer.SendJsonAsync("POST", "/api/clients")).Status);
    }

    [Fact]
    public async Task Client_WithAKey_IsCreatedAndDeletedOnce()
    {
        var created = await WithKeyAsync("k1", "POST", "/api/clients");
        var id = created.Body.GetProperty("client_id").GetString()!;
        await TokenAsync(id, created.Body.GetProperty("client_secret").GetString()!);
        Assert.Equal((409, "CLIENT_ALREADY_CREATED"), Refusal(await WithKeyAsync("k1", "POST", "/api/clients")));
        Assert.Single((await Admin.SendJsonAsync("GET", "/api/clients")).Body.EnumerateArray().ToArray());
        Assert.Equal((409, "IDEMPOTENCY_CONFLICT"), Refusal(await WithKeyAsync("k1", "POST", "/api/clients?withAdminRole=true")));
        var deleted = await WithKeyAsync("k2", "DELETE", $"/api/clients/{id}");
        Assert.Equal((200, deleted.Body.GetRawText()),
            (deleted.Status, (await WithKeyAsync("k2", "DELETE", $"/api/clients/{id}")).Body.GetRawText()));
        Assert.Equal(404, (await WithKeyAsync("k3", "DELETE", $"/api/clients/{id}")).Status);
    }

    [Fact]
    public async Task KeyPair_WithAKey_IsIssuedChangedAndDeletedOnce()
    {
        const string Pairs = "/api/oauth/keys/keypair";
        const string Issue = """{"audience":"human","algorithm":"RS256","invalidateCurrent":true}""";
        var before = (await Admin.SendJsonAsync("POST", Pairs, Issue)).Body.GetProperty("keyId").GetString();
        var id = (await OnceAsync("k1", "POST", Pairs, Issue)).GetProperty("keyId").GetString();
        Assert.Equal(id, (await Admin.SendJsonAsync("GET", $"{Pairs}/current?audience=human")).Body.GetProperty("keyId").GetString());
        Assert.Equal(2, (await Admin.SendJsonAsync("GET", "/api/v1/keypairs")).Body.GetProperty("items").GetArrayLength());
        await Admin.SendJsonAsync("POST", $"{Pairs}/{before}/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""");
        await WithKeyAsync("k1", "POST", Pairs, Issue); // what was reactivated since stays so
        await Admin.SendJsonAsync("DELETE", $"{Pairs}/{id}");
        Assert.Equal(before, (await Admin.SendJsonAsync("GET", $"{Pairs}/current?audience=human")).Body.GetProperty("keyId").GetString());
        await OnceAsync("k2", "POST", $"{Pairs}/{before}/invalidate", """{"gracePeriodSec":60}""");
        await OnceAsync("k3", "POST", $"{Pairs}/{before}/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""");
        await OnceAsync("k4", "DELETE", $"{Pairs}/{before}");
        Assert.Equal((404, "KEYPAIR_NOT_FOUND"), Refusal(await WithKeyAsync("k5", "DELETE", $"{Pairs}/{before}")));
    }

    [Fact]
    public async Task TrustedKey_WithAKey_IsRegisteredChangedAndDeletedOnce()
    {
        const string Keys = "/api/oauth/keys/trusted";
        using var rsa = RSA.Create(2048);
        await Admin.SendJsonAsync("POST", Keys, TestJwt.Registration("before", rsa, "https://partner.test"));
        var registration = TestJwt.Registration("k1", rsa, "https://partner.test")
            .Replace("{\"keyId\"", "{\"invalidatePrevious\":true,\"keyId\"", StringComparison.Ordinal);
        Assert.Contains("invalidatePrevious", registration, StringComparison.Ordinal);
        await OnceAsync("k1", "POST", Keys, registration);
        await Admin.SendJsonAsync("POST", $"{Keys}/before/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""");
        await WithKeyAsync("k1", "POST", Keys, registration); // what was reactivated since stays so
        Assert.All((await Admin.SendJsonAsync("GET", Keys)).Body.EnumerateArray(), k => Assert.True(k.GetProperty("active").GetBoolean()));
        await OnceAsync("k2", "POST", $"{Keys}/k1/invalidate");
        await OnceAsync("k3", "POST", $"{Keys}/k1/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""");
        await OnceAsync("k4", "DELETE", $"{Keys}/k1");
        Assert.Equal((404, "TRUSTED_KEY_NOT_FOUND"), Refusal(await WithKeyAsync("k5", "DELETE", $"{Keys}/k1")));
    }

    [Fact]
    public async Task Provider_WithAKey_IsRegisteredChangedAndDeletedOnce()
    {
        const string Providers = "/api/oauth/oidc/providers";
        using var provider = new TestProvider();
        var id = (await OnceAsync("k1", "POST", Providers, Registration(provider, "strata"))).GetProperty("id").GetGuid();
        await OnceAsync("k2", "PATCH", $"{Providers}/{id}", """{"rolesClaim":"groups"}""");
        await OnceAsync("k3", "POST", $"{Providers}/{id}/invalidate");
        await OnceAsync("k4", "POST", $"{Providers}/{id}/reactivate");
        await OnceAsync("k5", "DELETE", $"{Providers}/{id}");
        Assert.Equal((404, "OIDC_PROVIDER_NOT_FOUND"), Refusal(await WithKeyAsync("k6", "DELETE", $"{Providers}/{id}")));
        Assert.Equal((409, "IDEMPOTENCY_CONFLICT"), Refusal(await WithKeyAsync("k1", "POST", Providers, Registration(provider, "others"))));
    }

    private Task<JsonAnswered> WithKeyAsync(string key, string method, string path, string? body = null) =>
        Admin.SendJsonAsync(method, path, body, headers: ("Idempotency-Key", key));

    /// <summary>Sends a write twice: the second time nothing is written, and the answer is the same.</summary>
    private async Task<JsonElement> OnceAsync(string key, string method, string path, string? body = null)
    {
        var first = await WithKeyAsync(key, method, path, body);
        Assert.Equal(200, first.Status);
        var heads = (await Log.HeadAsync(Host.Org, default), await Log.HeadAsync(TenantId.Platform, default));
        var again = await WithKeyAsync(key, method, path, body);
        Assert.Equal(200, again.Status);
        // PostgreSQL orders the members of what it keeps
        Assert.True(JsonElement.DeepEquals(first.Body, again.Body), $"{first.Body} {again.Body}");
        Assert.Equal(heads, (await Log.HeadAsync(Host.Org, default), await Log.HeadAsync(TenantId.Platform, default)));
        return first.Body;
    }

    [Fact]
    public async Task KeyPair_Rotated_SignsNewTokens_AndTheOldOnesHoldForTheGrace()
    {
        var (id, secret) = await CreateClientAsync();
        var before = await TokenAsync(id, secret);
        var issued = await Admin.SendJsonAsync(
            "POST", "/api/oauth/keys/keypair", """{"audience":"client","algorithm":"RS256","invalidateCurrent":true,"invalidateGracePeriodSec":600}""");
        Assert.Equal(200, issued.Status);
        var keyId = issued.Body.GetProperty("keyId").GetString();
        Assert.True(issued.Body.GetProperty("active").GetBoolean());
        using (var rsa = RSA.Create()) rsa.ImportFromPem(issued.Body.GetProperty("publicKey").GetString());
        Assert.Equal(
            keyId, (await Admin.SendJsonAsync("GET", "/api/oauth/keys/keypair/current?audience=client")).Body.GetProperty("keyId")
                .GetString());
        var after = await TokenAsync(id, secret);
        Assert.Equal(keyId, HeadOf(after).GetProperty("kid").GetString());
        Assert.NotEqual(keyId, HeadOf(before).GetProperty("kid").GetString());
        Assert.Equal((200, 200), (await StatusWithAsync(before), await StatusWithAsync(after)));
        await Admin.SendJsonAsync("POST", $"/api/oauth/keys/keypair/{HeadOf(before).GetProperty("kid").GetString()}/invalidate", """{"gracePeriodSec":0}""");
        await Wait.UntilAsync(async () => await StatusWithAsync(before) == 401, "what an invalidated key signed is refused");
        Assert.Equal(200, await StatusWithAsync(after));
    }

    [Fact]
    public async Task KeyPair_InvalidatedDeletedReactivated_AsAsked()
    {
        var keyId = (await Admin.SendJsonAsync("POST", "/api/oauth/keys/keypair", """{"audience":"human","algorithm":"RS256"}""")).Body.GetProperty("keyId").GetString();
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", $"/api/oauth/keys/keypair/{keyId}/invalidate")).Status);
        Assert.Equal(
            (404, "KEYPAIR_NOT_FOUND"), Refusal(await Admin.SendJsonAsync("GET", "/api/oauth/keys/keypair/current?audience=human")));
        Assert.Equal(400, (await Admin.SendJsonAsync("POST", $"/api/oauth/keys/keypair/{keyId}/reactivate", """{"validTo":"2001-01-01T00:00:00Z"}""")).Status);
        Assert.True((await Admin.SendJsonAsync("POST", $"/api/oauth/keys/keypair/{keyId}/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""")).Body.GetProperty("active").GetBoolean());
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/oauth/keys/keypair/{keyId}")).Status);
        Assert.Equal((404, "KEYPAIR_NOT_FOUND"), Refusal(await Admin.SendJsonAsync("DELETE", $"/api/oauth/keys/keypair/{keyId}")));
        Assert.Equal((400, "UNSUPPORTED_ALGORITHM"), Refusal(await Admin.SendJsonAsync("POST", "/api/oauth/keys/keypair", """{"audience":"human","algorithm":"HS256"}""")));
        Assert.Equal(400, (await Admin.SendJsonAsync("POST", "/api/oauth/keys/keypair", """{"audience":"robot","algorithm":"RS256"}""")).Status);
        Assert.Equal(400, (await Admin.SendJsonAsync("GET", "/api/oauth/keys/keypair/current")).Status);
        Assert.DoesNotContain(
            "privateKey", (await Admin.SendJsonAsync("GET", "/api/v1/keypairs")).Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrustedKey_LivesItsLife()
    {
        using var key = RSA.Create(2048);
        var made = await Admin.SendJsonAsync("POST", "/api/oauth/keys/trusted", TestJwt.Registration("k1", key, "https://partner.test"));
        Assert.Equal((200, "k1", Host.Org.ToString()),
            (made.Status, made.Body.GetProperty("keyId").GetString(), made.Body.GetProperty("legalEntityId").GetString()));
        Assert.Equal(
            (409, "CONFLICT"), Refusal(
                await Admin.SendJsonAsync("POST", "/api/oauth/keys/trusted", TestJwt.Registration("k1", key, "https://partner.test"))));
        Assert.Single((await Admin.SendJsonAsync("GET", "/api/oauth/keys/trusted")).Body.EnumerateArray().ToArray());
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", "/api/oauth/keys/trusted/k1/invalidate")).Status);
        Assert.False((await Admin.SendJsonAsync("GET", "/api/oauth/keys/trusted")).Body[0].GetProperty("active").GetBoolean());
        Assert.True((await Admin.SendJsonAsync("POST", "/api/oauth/keys/trusted/k1/reactivate", """{"validTo":"2099-01-01T00:00:00Z"}""")).Body.GetProperty("active").GetBoolean());
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/oauth/keys/trusted/k1")).Status);
        Assert.Equal((404, "TRUSTED_KEY_NOT_FOUND"), Refusal(await Admin.SendJsonAsync("DELETE", "/api/oauth/keys/trusted/k1")));
        using var weak = RSA.Create(1024);
        foreach (var jwk in new[] { TestJwt.Jwk(weak, "k"), """{"kty":"oct","k":"c2VjcmV0"}""", """{"kty":"RSA"}""", "{}", """{"kty":"EC","crv":"P-256K","x":"a","y":"b"}""" })
            Assert.Equal((400, "UNSUPPORTED_KEY_TYPE"), Refusal(await Admin.SendJsonAsync("POST", "/api/oauth/keys/trusted", $$"""{"keyId":"k2","jwk":{{jwk}},"audience":"human"}""")));
    }

    [Fact]
    public async Task Provider_OpensTheOrganizationToItsUsers_UntilItIsInvalidated()
    {
        using var provider = new TestProvider();
        var made = await Admin.SendJsonAsync(
            "POST", "/api/oauth/oidc/providers", $$"""{"wellKnownConfigUri":"{{provider.Issuer}}/.well-known/openid-configuration","expectedAudiences":["strata"],"rolesClaim":"user_roles"}""");
        Assert.Equal((200, true), (made.Status, made.Body.GetProperty("active").GetBoolean()));
        var id = made.Body.GetProperty("id").GetGuid();
        var token = provider.Sign("bob", ["viewer"], "strata");
        Assert.Equal((200, 200), (await StatusWithAsync(token), await StatusWithAsync(token, "/api/clients")));
        Assert.Equal(401, await StatusWithAsync(provider.Sign("bob", ["viewer"], "others")));
        Assert.Equal(403, await StatusWithAsync(provider.Sign("bob", ["ROLE_NOBODY"], "strata")));
        // never by a token of somebody else
        Assert.Equal(403, await StatusWithAsync(provider.Sign("bob", ["operator", "agent"], "strata")));
        var (client, secret) = await CreateClientAsync();
        Assert.Equal(200, (await ExchangeAsync(client, secret, token)).Status);
        Assert.Equal((409, "OIDC_PROVIDER_DUPLICATE"),
            Refusal(await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", Registration(provider, "strata"))));
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", $"/api/oauth/oidc/providers/{id}/invalidate")).Status);
        await Wait.UntilAsync(async () => await StatusWithAsync(token) == 401, "an invalidated provider's tokens are refused");
        Assert.Empty((await Admin.SendJsonAsync("GET", "/api/oauth/oidc/providers?activeOnly=true")).Body.EnumerateArray());
        Assert.True((await Admin.SendJsonAsync("POST", $"/api/oauth/oidc/providers/{id}/reactivate", """{"reactivateKeys":true}""")).Body.GetProperty("active").GetBoolean());
        await Wait.UntilAsync(async () => await StatusWithAsync(token) == 200, "a reactivated provider's tokens are believed");
        Assert.Equal("groups", (await Admin.SendJsonAsync("PATCH", $"/api/oauth/oidc/providers/{id}", """{"rolesClaim":"groups"}""")).Body.GetProperty("rolesClaim").GetString());
        await Wait.UntilAsync(async () => await StatusWithAsync(token) == 403, "roles are read from another claim");
        Assert.Equal(200, (await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers/reload")).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/oauth/oidc/providers/{id}")).Status);
        Assert.Equal((404, "OIDC_PROVIDER_NOT_FOUND"), Refusal(await Admin.SendJsonAsync("DELETE", $"/api/oauth/oidc/providers/{id}")));
    }

    /// <summary>To register first decides nothing: the audience does, or the token itself.</summary>
    [Fact]
    public async Task Provider_OfTwoOrganizations_IsThatOfTheAudience()
    {
        using var provider = new TestProvider();
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "admin", ["admin"]));
        await other.SendJsonAsync("POST", "/api/oauth/oidc/providers", Registration(provider, "theirs", "both"));
        await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", Registration(provider, "ours", "both"));
        Assert.Equal(Host.Org.ToString(), await OrganizationOfAsync(provider.Sign("bob", ["viewer"], "ours")));
        Assert.Equal(Host.OtherOrg.ToString(), await OrganizationOfAsync(provider.Sign("bob", ["viewer"], "theirs")));
        Assert.Equal(401, await StatusWithAsync(provider.Sign("bob", ["viewer"], "both"))); // it could be either
        Assert.Equal(Host.Org.ToString(), await OrganizationOfAsync(provider.Sign("bob", ["viewer"], "both", Host.Org)));
        Assert.Equal(401, await StatusWithAsync(provider.Sign("bob", ["viewer"], "theirs", Host.Org)));
    }

    [Fact]
    public async Task Provider_WithoutAnAudience_Is400()
    {
        using var provider = new TestProvider();
        Assert.Equal(400, (await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", Registration(provider))).Status);
        var made = await Admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", Registration(provider, "strata"));
        var path = $"/api/oauth/oidc/providers/{made.Body.GetProperty("id").GetGuid()}";
        Assert.Equal(400, (await Admin.SendJsonAsync("PATCH", path, """{"expectedAudiences":[]}""")).Status);
    }

    private static string Registration(TestProvider provider, params string[] audiences) =>
        JsonSerializer.Serialize(
            new { wellKnownConfigUri = provider.Issuer + "/.well-known/openid-configuration", expectedAudiences = audiences });

    [Theory]
    [InlineData("ftp://idp.test/.well-known/openid-configuration")]
    [InlineData("https://user:secret@idp.test/.well-known/openid-configuration")]
    [InlineData("https://idp.test/other")]
    [InlineData("https://idp.test/?/.well-known/openid-configuration")]
    public async Task Provider_WithABadAddress_Is400(string address) => Assert.Equal(
        400, (await Admin.SendJsonAsync(
            "POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(new { wellKnownConfigUri = address }))).Status);

    private async Task<string?> OrganizationOfAsync(string token)
    {
        using var http = Host.Client(token);
        return (await http.SendJsonAsync("GET", "/api/account")).Body.GetProperty("userAccountInfo").GetProperty("legalEntity")
            .GetProperty("id").GetString();
    }
}
