using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>Programs that people sign in to: authorization code with PKCE, refresh tokens, revocation, and what is refused.</summary>
public sealed class ProgramSignInTests() : ProgramContract(new MemoryStore())
{
    [Fact]
    public async Task Program_GetsTokensForACode_AndActsAsThePerson()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["developer"]);
        var asked = await ada.GetAsync(Authorize("openid profile email strata offline_access"));
        Assert.Equal("Sign in to Shop &amp; more", asked.Title);
        Assert.EndsWith("form-action 'self' https://shop.example.com", PolicyOf(asked), StringComparison.Ordinal);
        var tokens = await TokensAsync(await AllowAsync(ada, asked));
        var id = ClaimsOf(tokens.GetProperty("id_token").GetString()!);
        Assert.Equal(("n-1", ClientId, "http://strata.test/api"),
            (id.GetProperty("nonce").GetString(), id.GetProperty("aud").GetString(), id.GetProperty("iss").GetString()));
        Assert.Equal(("ada@example.com", "Ada <Lovelace>"), (id.GetProperty("email").GetString(), id.GetProperty("name").GetString()));
        var access = tokens.GetProperty("access_token").GetString()!;
        using var http = Host.Client(access);
        Assert.Equal("person:ada", (await http.SendJsonAsync("GET", "/api/v1/access/me")).Text("actor"));
        Assert.Equal(403, (await http.SendJsonAsync("GET", "/api/v1/tokens")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("GET", $"/api/v1/projects?org={Host.OtherOrg}")).Status);
        var info = await http.SendJsonAsync("GET", "/api/oauth/userinfo");
        Assert.Equal((200, id.GetProperty("sub").GetString()), (info.Status, info.Text("sub")));
        // The second time nothing is asked.
        Assert.Contains("code=", await ada.LocationAsync(Authorize("openid email")), StringComparison.Ordinal);
        Assert.Contains("200", await ada.LocationAsync(Authorize("openid strata")), StringComparison.Ordinal); // but by who wants to act
        // Ending the session ends its tokens.
        Assert.Single((await http.SendJsonAsync("GET", "/api/v1/access/sessions")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(204, (await http.SendJsonAsync("DELETE", "/api/v1/access/sessions/current")).Status);
        await RefusedAsync(http);
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/oauth/userinfo")).Status);
    }

    [Fact]
    public async Task Program_ThatAskedForTheIdentityAlone_CannotAct()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["admin"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid"))));
        Assert.False(tokens.TryGetProperty("refresh_token", out _));
        using var http = Host.Client(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/oauth/userinfo")).Status);
        // An ID token says who someone is, and opens nothing.
        using var wrong = Host.Client(tokens.GetProperty("id_token").GetString()!);
        Assert.Equal(401, (await wrong.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(401, (await wrong.SendJsonAsync("GET", "/api/oauth/userinfo")).Status);
    }

    [Fact]
    public async Task Code_IsUsedOnce_AndASecondUseEndsTheFirst()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var code = await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata")));
        var wrong = await ExchangeAsync(code, verifier: "another-verifier-that-is-long-enough-0123456789-abcdef");
        Assert.Equal("invalid_grant", wrong.Body.GetProperty("error").GetString());
        Assert.Equal(400, (await ExchangeAsync(code, callback: "https://shop.example.com/other")).Status);
        Assert.Equal(401, (await ExchangeAsync(code, secret: "wrong")).Status);
        using var http = Host.Client((await TokensAsync(code)).GetProperty("access_token").GetString()!);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal("invalid_grant", (await ExchangeAsync(code)).Body.GetProperty("error").GetString());
        await RefusedAsync(http);
        Assert.Equal(400, (await ExchangeAsync(code)).Status); // what it led to has ended, and it is used all the same
    }

    [Fact]
    public async Task Program_OfAnOperator_HasNothingOfTheCloud_NorOfOtherOrganizations()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["admin", "operator"]);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        Assert.Equal(200, (await ada.PostAsync(await InviteAsync("ada@example.com", ["admin"], other), null, ("as", "self"))).Status);
        using var line = Host.Client(await CommandLineAsync(ada));
        Assert.True((await line.SendJsonAsync("GET", "/api/v1/access/me")).Body.GetProperty("isOperator").GetBoolean());
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata"))));
        using var http = Host.Client(tokens.GetProperty("access_token").GetString()!);
        var me = (await http.SendJsonAsync("GET", "/api/v1/access/me")).Body;
        Assert.False(me.GetProperty("isOperator").GetBoolean());
        Assert.Empty((await http.SendJsonAsync("GET", "/api/v1/people")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/people/ada/password-link")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("GET", $"/api/v1/tokens?org={Host.OtherOrg}")).Status);
        // Nor does it let anyone in, not even itself for longer.
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"own","spec":{"roles":["viewer"]}}""")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["viewer"]}}""")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/clients")).Status);
        Assert.Single((await http.SendJsonAsync("GET", "/api/v1/access/organizations")).Body.GetProperty("items").EnumerateArray());
        var sessions = (await http.SendJsonAsync("GET", "/api/v1/access/sessions")).Body.GetProperty("items");
        Assert.Equal([ClientId], sessions.EnumerateArray().Select(s => s.GetProperty("client").GetString()));
        var others = (await line.SendJsonAsync("GET", "/api/v1/access/sessions")).Body.GetProperty("items").EnumerateArray()
            .Single(s => s.GetProperty("isCurrent").GetBoolean()).GetProperty("id").GetString();
        Assert.Equal(404, (await http.SendJsonAsync("DELETE", $"/api/v1/access/sessions/{others}")).Status);
    }

    [Fact]
    public async Task Program_ThatIsDeleted_EndsWithItsTokens()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata"))));
        using var http = Host.Client(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/clients/{ClientId}")).Status);
        await RefusedAsync(http);
        Assert.Equal(401, (await http.SendJsonAsync("GET", "/api/oauth/userinfo")).Status);
    }

    [Fact]
    public async Task RefreshToken_Rotates_AndAStolenOneEndsTheSession()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var first = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata offline_access"))));
        var one = first.GetProperty("refresh_token").GetString()!;
        var (status, second) = await RefreshAsync(one);
        Assert.Equal(200, status);
        var two = second.GetProperty("refresh_token").GetString()!;
        Assert.Equal(200, (await RefreshAsync(one)).Status); // its answer may have been lost
        var (_, third) = await RefreshAsync(two);
        using var http = Host.Client(third.GetProperty("access_token").GetString()!);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal("invalid_grant", (await RefreshAsync(one)).Body.GetProperty("error").GetString());
        await RefusedAsync(http);
        Assert.Equal(400, (await RefreshAsync(third.GetProperty("refresh_token").GetString()!)).Status);
    }

    [Theory]
    [InlineData("refresh_token")]
    [InlineData("access_token")]
    public async Task Revocation_OfEitherToken_EndsBoth(string kind)
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata offline_access"))));
        using var http = Host.Client(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        var token = tokens.GetProperty(kind).GetString()!;
        Assert.Equal(401, (await RevokeAsync(token, "wrong")).Status);
        var revoked = await RevokeAsync(token, Secret);
        Assert.True(revoked.Status == 200, revoked.Body.ToString());
        await RefusedAsync(http);
        Assert.Equal(400, (await RefreshAsync(tokens.GetProperty("refresh_token").GetString()!)).Status);
    }

    [Fact]
    public async Task Authorization_IsForMembers_WithTheRegisteredAddressAndPkce()
    {
        await RegisterAsync();
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        var eve = await JoinAsync("eve@example.com", ["admin"], other);
        Assert.Contains("error=access_denied", await eve.LocationAsync(Authorize("openid")), StringComparison.Ordinal);
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        foreach (var wrong in new[]
        {
            Authorize("openid").Replace("shop.example.com", "evil.test", StringComparison.Ordinal),
            Authorize("openid").Replace("callback", "callback%2F..%2Fother", StringComparison.Ordinal),
            Authorize("openid").Replace(ClientId, ClientId[..^1] + (ClientId[^1] == '0' ? '1' : '0'), StringComparison.Ordinal),
        })
        {
            var page = await ada.GetAsync(wrong);
            Assert.Equal(400, page.Status);
            Assert.StartsWith("/api/oauth/authorize", page.Path, StringComparison.Ordinal); // nobody is sent anywhere
        }
        foreach (var wrong in new[]
        {
            Authorize("openid", pkce: false), Authorize("openid").Replace("S256", "plain", StringComparison.Ordinal),
            Authorize("everything"),
            Authorize("openid").Replace("response_type=code", "response_type=token", StringComparison.Ordinal),
        })
        {
            var where = await ada.LocationAsync(wrong);
            Assert.True(where.StartsWith("400", StringComparison.Ordinal) || where.Contains("error=", StringComparison.Ordinal), where);
        }
        Assert.Contains("error=consent_required", await ada.LocationAsync(Authorize("openid") + "&prompt=none"), StringComparison.Ordinal);
        var silent = await NewBrowser().LocationAsync(Authorize("openid") + "&prompt=none");
        Assert.Contains("error=login_required", silent, StringComparison.Ordinal);
        // A form of another site answers nothing.
        var asked = await ada.GetAsync(Authorize("openid"));
        var forged = await ada.PostAsync("/api/oauth/authorize", "https://evil.test", [.. FieldsOf(asked), ("answer", "approve")]);
        Assert.Equal("Sign in to Shop &amp; more", forged.Title);
        Assert.Contains("error=access_denied", await ada.PostLocationAsync(
            "/api/oauth/authorize", [.. FieldsOf(asked), ("answer", "deny")]), StringComparison.Ordinal);
        // Who is not signed in comes back to the question.
        var browser = NewBrowser();
        var signIn = await browser.GetAsync(Authorize("openid"));
        Assert.Equal("Sign in", signIn.Title);
        // A form whose redirects lead on to the program, which browsers refuse unless the page names it; it names no other.
        Assert.EndsWith("form-action 'self' https://shop.example.com", PolicyOf(signIn), StringComparison.Ordinal);
        var elsewhere = Authorize("openid").Replace("shop.example.com", "evil.test", StringComparison.Ordinal);
        var named = await browser.GetAsync("/sign-in?return=" + Uri.EscapeDataString(elsewhere));
        Assert.EndsWith("form-action 'self'", PolicyOf(named), StringComparison.Ordinal);
        var back = await browser.SignInAsync("ada@example.com", Password, Authorize("openid"));
        Assert.Equal("Sign in to Shop &amp; more", back.Title);
    }

    [Fact]
    public async Task Person_WhoIsNoMemberAnyMore_IsOut()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata offline_access"))));
        using var http = Host.Client(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", "/api/v1/memberships/ada")).Status);
        await RefusedAsync(http);
        Assert.Equal(400, (await RefreshAsync(tokens.GetProperty("refresh_token").GetString()!)).Status);
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://shop.example.com/callback")]
    [InlineData("https://shop.example.com/#x")]
    [InlineData("https://user@shop.example.com/")]
    [InlineData("/callback")]
    [InlineData("data:text/html,x")]
    public async Task RedirectUri_ThatIsNoSafeAddress_IsNotTaken(string uri)
    {
        var (id, _) = await CreateClientAsync();
        var patched = await Admin.PatchAsync(PathOf(id), JsonSerializer.Serialize(new { spec = new { redirectUris = new[] { uri } } }));
        Assert.Equal(400, patched.Status);
    }

    [Fact]
    public async Task OpenIdClient_RunsTheWholeFlow()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var api = new Uri(Host.Address, "/api").ToString();
        const string SignIn = "tests/clients/javascript/sign-in.js";
        var begun = JsonElement.Parse(await Script.NodeAsync(SignIn, "begin", api, ClientId, Secret, Callback));
        var asked = await ada.GetAsync(new Uri(begun.GetProperty("url").GetString()!).PathAndQuery);
        var callback = await ada.PostLocationAsync("/api/oauth/authorize", [.. FieldsOf(asked), ("answer", "approve")]);
        var done = JsonElement.Parse(await Script.NodeAsync(
            SignIn, "finish", api, ClientId, Secret, callback, begun.GetProperty("kept").GetRawText()));
        Assert.Equal(("ada@example.com", 200, true), (done.GetProperty("email").GetString(), done.GetProperty("status").GetInt32(),
            done.GetProperty("refreshed").GetBoolean()));
        Assert.Equal(401, done.GetProperty("revoked").GetInt32());
    }
}
