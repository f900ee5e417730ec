using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>Programs sign people out (RP-initiated logout), ask about tokens (introspection) and about people (userinfo).</summary>
public sealed class ProgramLogoutTests() : ProgramContract(new MemoryStore())
{
    private const string Logout = "/api/oauth/logout";

    [Fact]
    public async Task Logout_WithAnIdToken_EndsTheProgramsSession_AndAsksAboutTheBrowser()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (tokens, access) = await SignInAsync(ada);
        var page = await ada.GetAsync(Path(("id_token_hint", tokens), ("post_logout_redirect_uri", SignedOut), ("state", "a&b")));
        Assert.Equal("Signed out of Shop &amp; more", page.Title);
        Assert.EndsWith("form-action 'self' https://shop.example.com", PolicyOf(page), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Html, StringComparison.Ordinal);
        await RefusedAsync(access);
        Assert.Equal($"{SignedOut}?state=a%26b", await ada.PostLocationAsync(Logout, [.. FieldsOf(page), ("answer", "program")]));
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        // In a browser of someone else it ends the program's session, and asks as if there were no ID token.
        var bob = await JoinAsync("bob@example.com", ["viewer"]);
        Assert.Equal("Sign out?", (await bob.GetAsync(Path(("id_token_hint", tokens), ("post_logout_redirect_uri", SignedOut)))).Title);
        Assert.Equal("Your account", (await bob.GetAsync("/account")).Title);
        // The other answer ends the browser's session too.
        var (again, _) = await SignInAsync(ada);
        page = await ada.GetAsync(Path(("id_token_hint", again), ("post_logout_redirect_uri", SignedOut)));
        Assert.Equal(SignedOut, await ada.PostLocationAsync(Logout, [.. FieldsOf(page), ("answer", "everything")]));
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
        // In a browser that is not signed in there is nothing to ask: by a form of the program's own, too.
        Assert.Equal(SignedOut, await NewBrowser().LocationAsync(Path(("id_token_hint", again), ("post_logout_redirect_uri", SignedOut))));
        Assert.Equal(SignedOut, await NewBrowser().PostLocationAsync(
            Logout, ("id_token_hint", again), ("post_logout_redirect_uri", SignedOut), ("client_id", ClientId)));
        Assert.Equal("You are signed out", (await NewBrowser().GetAsync(Path(("id_token_hint", again)))).Title);
    }

    [Fact]
    public async Task Logout_WithoutAnIdToken_EndsNothingBeforeThePersonSaysSo()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (_, access) = await SignInAsync(ada);
        var request = Path(("client_id", ClientId), ("post_logout_redirect_uri", SignedOut), ("state", "s"));
        var page = await ada.GetAsync(request);
        Assert.Equal("Sign out?", page.Title);
        Assert.Equal(200, await StatusAsync(access));
        // Nor by a form of another site, whatever it says.
        var forged = await ada.PostAsync(Logout, "https://evil.test", ("client_id", ClientId), ("answer", "everything"));
        Assert.Equal("Sign out?", forged.Title);
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        Assert.Equal($"{SignedOut}?state=s", await ada.PostLocationAsync(Logout, [.. FieldsOf(page), ("answer", "program")]));
        await RefusedAsync(access);
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        // Where it is not signed in, a link of anyone still sends it nowhere by itself.
        Assert.StartsWith("200", await NewBrowser().LocationAsync(request), StringComparison.Ordinal);
        var end = await ada.PostAsync(Logout, null, ("answer", "everything"));
        Assert.Equal("You are signed out", end.Title);
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
    }

    [Fact]
    public async Task Logout_ToAnAddressThatIsNotRegistered_SendsTheBrowserNowhere()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (hint, access) = await SignInAsync(ada);
        foreach (var wrong in new[]
        {
            Path(("client_id", ClientId), ("post_logout_redirect_uri", "https://evil.test/")),
            Path(("client_id", ClientId), ("post_logout_redirect_uri", SignedOut + "/..")),
            Path(("client_id", ClientId), ("post_logout_redirect_uri", Callback)), // that is for sign-ins
            Path(("post_logout_redirect_uri", SignedOut)),
            Path(("post_logout_redirect_uri", SignedOut), ("id_token_hint", "a.b.c")),
            Path(("id_token_hint", hint), ("post_logout_redirect_uri", "javascript:alert(1)")),
            Path(("client_id", new string('0', 52))),
        })
        {
            var page = await ada.GetAsync(wrong);
            Assert.True(page.Status == 400 && page.Path.StartsWith(Logout, StringComparison.Ordinal), wrong);
        }
        Assert.Equal(200, await StatusAsync(access)); // and has ended nothing
        // An ID token of another program is no hint for this one; an access token is none at all.
        var first = ClientId;
        await RegisterAsync();
        Assert.Equal(400, (await ada.GetAsync(Path(("client_id", ClientId), ("id_token_hint", hint)))).Status);
        Assert.Equal("Sign out?", (await ada.GetAsync(Path(("client_id", first), ("id_token_hint", access)))).Title);
        Assert.Equal(200, await StatusAsync(access));
    }

    [Fact]
    public async Task Introspection_IsAboutTokensOfTheOwnOrganization()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata offline_access"))));
        var access = tokens.GetProperty("access_token").GetString()!;
        var machine = await CreateClientAsync();
        var machineToken = await TokenAsync(machine.Id, machine.Secret);
        var found = (await IntrospectAsync(access, machine)).Body;
        Assert.Equal((true, "ada", ClientId, "openid strata offline_access", "http://strata.test/api"),
            (found.GetProperty("active").GetBoolean(), found.GetProperty("username").GetString(),
                found.GetProperty("client_id").GetString(), found.GetProperty("scope").GetString(),
                found.GetProperty("aud").GetString()));
        found = (await IntrospectAsync(machineToken, (ClientId, Secret))).Body;
        Assert.Equal((true, machine.Id, "ROLE_M2M"), (found.GetProperty("active").GetBoolean(), found.GetProperty("sub").GetString(),
            found.GetProperty("scope").GetString()));
        Assert.Equal(3600, found.GetProperty("exp").GetInt64() - found.GetProperty("iat").GetInt64());
        // Another organization's client learns nothing, nor does anyone who is no client.
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "boss", ["admin"]));
        var theirs = await CreateClientAsync(other);
        foreach (var token in new[]
        {
            access, machineToken, tokens.GetProperty("id_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!, "x",
            Host.AdminToken,
        })
        {
            Assert.Equal("""{"active":false}""", (await IntrospectAsync(token, theirs)).Body.GetRawText());
            Assert.Contains((await IntrospectAsync(token, (machine.Id, "wrong"))).Status, new[] { 401, 429 });
            Assert.Equal(401, (await PostFormAsync("/api/oauth/introspect", ("token", token))).Status);
        }
        Assert.Equal(400, (await PostFormAsync(
            "/api/oauth/introspect", ("client_id", machine.Id), ("client_secret", machine.Secret))).Status);
        // What has ended is not active, at once on this server.
        Assert.Equal(200, (await RevokeAsync(access, Secret)).Status);
        Assert.False((await IntrospectAsync(access, machine)).Body.GetProperty("active").GetBoolean());
        Assert.Equal(200, (await Admin.SendJsonAsync("DELETE", $"/api/clients/{machine.Id}")).Status);
        Assert.False((await IntrospectAsync(machineToken, (ClientId, Secret))).Body.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task Introspection_IsNotForProgramsWithoutASecret()
    {
        var (id, secret) = await CreateClientAsync();
        await RegisterAsync(("public", true));
        Assert.Equal(401, (await IntrospectAsync(await TokenAsync(id, secret), (ClientId, Secret))).Status);
    }

    [Fact]
    public async Task UserInfo_ByPostToo_NeedsTheScopeOpenId()
    {
        await RegisterAsync();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        using var http = Host.Client((await SignInAsync(ada)).Access);
        Assert.StartsWith("per_", (await http.SendJsonAsync("POST", "/api/oauth/userinfo")).Text("sub"), StringComparison.Ordinal);
        var without = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("strata profile"))));
        using var poor = Host.Client(without.GetProperty("access_token").GetString()!);
        using var refused = await poor.GetAsync("/api/oauth/userinfo");
        Assert.Equal((403, "Bearer error=\"insufficient_scope\", scope=\"openid\""),
            ((int)refused.StatusCode, refused.Headers.WwwAuthenticate.ToString()));
        Assert.Equal("INSUFFICIENT_SCOPE", JsonElement.Parse(await refused.Content.ReadAsStringAsync()).GetProperty("code").GetString());
        Assert.Equal(200, (await poor.SendJsonAsync("GET", "/api/v1/access/me")).Status);
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("EdDSA")]
    public async Task IdToken_IsSignedAsTheProgramRegistered(string algorithm)
    {
        await RegisterAsync(("signingAlgorithm", algorithm));
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var tokens = await TokensAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid strata"))));
        var (id, access) = (tokens.GetProperty("id_token").GetString()!, tokens.GetProperty("access_token").GetString()!);
        Assert.Equal((algorithm, algorithm), (HeadOf(id).GetProperty("alg").GetString(), HeadOf(access).GetProperty("alg").GetString()));
        var hash = algorithm == "EdDSA" ? System.Security.Cryptography.SHA512.HashData(System.Text.Encoding.ASCII.GetBytes(access))
            : System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(access));
        Assert.Equal(
            System.Buffers.Text.Base64Url.EncodeToString(hash.AsSpan(0, hash.Length / 2)), ClaimsOf(id).GetProperty("at_hash").GetString());
        using var http = Host.Client(access);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/access/me")).Status);
        Assert.Equal("Signed out of Shop &amp; more", (await ada.GetAsync(Path(("id_token_hint", id)))).Title);
    }

    [Fact]
    public async Task Program_WithAKey_SignsPeopleInByIt()
    {
        using var key = new TestSigner("ES256", "k1");
        await RegisterAsync(("publicKeys", new[] { key.PublicJwk }), ("signingAlgorithm", "ES256"));
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        // Its former secret gets nothing for a code, and the code is not used up by that.
        var refused = await ExchangeAsync(await AllowAsync(ada, await ada.GetAsync(Authorize("openid"))));
        Assert.Equal((401, "invalid_client"), (refused.Status, refused.Body.GetProperty("error").GetString()));
        var api = new Uri(Host.Address, "/api").ToString();
        const string SignIn = "tests/clients/javascript/key-client.js";
        var begun = JsonElement.Parse(await Script.NodeAsync(SignIn, "begin", api, ClientId, key.PrivateJwk, Callback));
        var asked = await ada.GetAsync(new Uri(begun.GetProperty("url").GetString()!).PathAndQuery);
        var callback = await ada.PostLocationAsync("/api/oauth/authorize", [.. FieldsOf(asked), ("answer", "approve")]);
        var done = JsonElement.Parse(await Script.NodeAsync(
            SignIn, "finish", api, ClientId, key.PrivateJwk, callback, begun.GetProperty("kept").GetRawText(), SignedOut));
        Assert.Equal(("ada@example.com", "ES256", true, "ada", false), (done.GetProperty("email").GetString(),
            done.GetProperty("alg").GetString(), done.GetProperty("active").GetBoolean(), done.GetProperty("username").GetString(),
            done.GetProperty("activeAfterRevocation").GetBoolean()));
        var page = await ada.GetAsync(new Uri(done.GetProperty("logout").GetString()!).PathAndQuery);
        Assert.Equal("Signed out of Shop &amp; more", page.Title);
        Assert.Equal($"{SignedOut}?state=bye", await ada.PostLocationAsync(Logout, [.. FieldsOf(page), ("answer", "program")]));
    }

    private static string Path(params (string Name, string Value)[] query) =>
        $"{Logout}?{string.Join('&', query.Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value)}"))}";

    private async Task<(string IdToken, string Access)> SignInAsync(TestBrowser browser)
    {
        var tokens = await TokensAsync(await AllowAsync(browser, await browser.GetAsync(Authorize("openid strata"))));
        return (tokens.GetProperty("id_token").GetString()!, tokens.GetProperty("access_token").GetString()!);
    }

    private async Task RefusedAsync(string access)
    {
        using var http = Host.Client(access);
        await RefusedAsync(http);
    }

    private Task<int> StatusAsync(string access) => StatusWithAsync(access, "/api/v1/access/me");

    private Task<(int Status, JsonElement Body)> IntrospectAsync(string token, (string Id, string Secret) by) =>
        PostFormAsync("/api/oauth/introspect", ("token", token), ("client_id", by.Id), ("client_secret", by.Secret));
}
