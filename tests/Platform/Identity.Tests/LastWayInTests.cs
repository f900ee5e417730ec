using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests;

/// <summary>Nobody locks an organization by removing, or changing, the last client or provider that lets an administrator in.</summary>
public sealed class LastWayInTests() : IdentityContract(new MemoryStore())
{
    private const int Rounds = 15;

    [Fact]
    public async Task Delete_OfTheLastClientAndTheLastTokenAtOnce_LeavesOne()
    {
        var text = await Host.TokenAsync(Host.OtherOrg, "t-0", ["admin"]);
        var last = "t-0";
        (string Id, string Secret)? client = null;
        for (var round = 1; round <= Rounds; round++)
        {
            using var one = Host.Client(text);
            client ??= await CreateClientAsync(one, admin: true);
            using var two = Host.Client(await TokenAsync(client.Value.Id, client.Value.Secret));
            var answers = await Task.WhenAll(
                one.SendJsonAsync("DELETE", $"/api/clients/{client.Value.Id}"), two.SendJsonAsync("DELETE", $"/api/v1/tokens/{last}"));
            Assert.Single(answers, a => a.Status == 200);
            if (answers[0].Status == 200) client = null;
            else text = await Host.TokenAsync(Host.OtherOrg, last = $"t-{round}", ["admin"]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Delete_OfTheClientInUse_IsRefusedUnlessForced(bool byClientId)
    {
        var (id, secret) = await CreateClientAsync(admin: true);
        var (other, _) = await CreateClientAsync();
        using var own = Host.Client(await TokenAsync(id, secret));
        var path = $"/api/clients/{id}";
        if (!byClientId) path = $"/api/v1/clients/{await NameOfAsync(id, own)}";
        var refused = await own.SendJsonAsync("DELETE", path);
        Assert.Equal((409, "CLIENT_IN_USE"), (refused.Status, refused.Text("code")));
        Assert.Contains("--force", refused.Text("next"), StringComparison.Ordinal);
        Assert.Equal(200, (await own.SendJsonAsync("DELETE", $"/api/clients/{other}")).Status);
        Assert.Equal(200, (await own.SendJsonAsync("DELETE", path + "?force=true")).Status);
        await Wait.UntilAsync(async () => (await own.SendJsonAsync("GET", "/api/clients")).Status == 401, "the client's token is refused");
    }

    /// <summary>A client id ends with the id of its resource.</summary>
    private static async Task<string> NameOfAsync(string clientId, HttpClient http)
    {
        var clients = (await http.SendJsonAsync("GET", "/api/v1/clients")).Body.GetProperty("items").EnumerateArray();
        return clients.Single(c => clientId.EndsWith(c.GetProperty("id").GetString()!.Split('_')[^1], StringComparison.Ordinal))
            .GetProperty("name").GetString()!;
    }

    [Fact]
    public async Task Provider_ThatIsTheLastWayIn_IsKept_AndNotNarrowed()
    {
        using var provider = new TestProvider();
        using var admin = Host.Client(await Host.TokenAsync(Host.OtherOrg, "only", ["admin"]));
        var made = await admin.SendJsonAsync("POST", "/api/oauth/oidc/providers", JsonSerializer.Serialize(
            new { wellKnownConfigUri = provider.Issuer + "/.well-known/openid-configuration", expectedAudiences = new[] { "strata" } }));
        var path = $"/api/oauth/oidc/providers/{made.Body.GetProperty("id").GetGuid()}";
        using var user = Host.Client(provider.Sign("bob", ["admin"], "strata"));
        Assert.Equal(200, (await user.SendJsonAsync("DELETE", "/api/v1/tokens/only")).Status);
        foreach (var (method, end, body) in new[]
        {
            ("DELETE", "", null), ("POST", "/invalidate", null), ("PATCH", "", """{"issuers":["https://other.test"]}"""),
            ("PATCH", "", """{"expectedAudiences":["other"]}"""), ("PATCH", "", """{"rolesClaim":"groups"}"""),
        })
            Assert.Equal((409, "LAST_ADMINISTRATOR"), Refusal(await user.SendJsonAsync(method, path + end, body)));
        var name = (await user.SendJsonAsync("GET", "/api/v1/oidc-providers")).Body.GetProperty("items")[0].GetProperty("name").GetString();
        var patched = await user.SendJsonAsync("PATCH", $"/api/v1/oidc-providers/{name}", """{"spec":{"issuers":["https://other.test"]}}""");
        Assert.Equal(409, patched.Status);
        Assert.Equal(200, (await user.SendJsonAsync("PATCH", path, """{"expectedAudiences":["strata","more"]}""")).Status);
        using var second = Host.Client(await Host.TokenAsync(Host.OtherOrg, "second", ["admin"]));
        Assert.Equal(200, (await second.SendJsonAsync("POST", path + "/invalidate")).Status);
        Assert.Equal(409, (await second.SendJsonAsync("DELETE", "/api/v1/tokens/second")).Status); // an invalidated one does not count
    }
}
