using Strata.Api.Tests.Hosting;
using Strata.Identity.Passkeys;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>
/// Passkeys as the only way in, and after the password; and what of a device, or of who has copied something, is refused.
/// </summary>
public sealed class PasskeyTests() : PasskeyContract(new MemoryStore())
{
    [Fact]
    public async Task Passkey_SignsInAlone_AndReplacesThePassword()
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var added = await AddAsync(ada, device, "Key in the safe");
        Assert.True(added.Title == "Keep these recovery codes", added.Html);
        var policy = (await ada.GetAsync("/account/passkeys/new")).Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("script-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("Key in the safe", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        // Until it has let them in alone, the password stays.
        Assert.Equal("Not removed", (await ada.PostAsync("/account/password/remove", null)).Title);
        var browser = NewBrowser();
        var page = await SignInAsync(browser, device);
        Assert.True(page.Title == "Your account", page.Html);
        Assert.Equal("/account?changed=password-removed", (await browser.PostAsync("/account/password/remove", null)).Path);
        Assert.Equal(401, (await NewBrowser().SignInAsync("ada@example.com", Password)).Status);
        Assert.Null((await StatusAsync("ada")).Password);
        // Now it is the last way in.
        var id = (await StatusAsync("ada")).Passkeys[0].Id;
        Assert.Equal("Not removed", (await browser.PostAsync("/account/passkeys/remove", null, ("passkey", id))).Title);
        Assert.Equal("Your account", (await SignInAsync(NewBrowser(), device)).Title);
        Assert.Equal("/account?changed=password", (await browser.PostAsync("/account/password", null, ("password", Password))).Path);
        Assert.Equal("/account?changed=passkey-removed", (await browser.PostAsync("/account/passkeys/remove", null, ("passkey", id))).Path);
        Assert.Equal(401, (await SignInAsync(NewBrowser(), device)).Status);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path);
    }

    [Fact]
    public async Task Password_AsksForThePasskey_OrARecoveryCode()
    {
        using var device = new TestAuthenticator { Verifies = false };
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var added = await AddAsync(ada, device);
        var code = added.Html.Split("<li>")[1][..11];
        var browser = NewBrowser();
        var half = await browser.SignInAsync("ada@example.com", Password, "/device");
        Assert.Equal("/sign-in/second?return=%2Fdevice", half.Path);
        Assert.Equal("Sign in", (await browser.GetAsync("/account")).Title);
        // Without a PIN it is one factor: enough after the password, and not alone.
        Assert.Equal(401, (await SignInAsync(NewBrowser(), device)).Status);
        Assert.Equal("/device", (await SendAsync(browser, half, device.Sign)).Path);
        var other = NewBrowser();
        await other.SignInAsync("ada@example.com", Password);
        Assert.Equal("/account", (await other.PostAsync("/sign-in/second", null, ("code", code), ("return", "/account"))).Path);
        // An operator lets in who has lost everything.
        Assert.Equal(204, (await Admin.SendJsonAsync("DELETE", "/api/v1/people/ada/second-factor")).Status);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path);
    }

    [Fact]
    public async Task Passkey_OfAnother_IsNoSecondFactor()
    {
        using var mine = new TestAuthenticator();
        using var theirs = new TestAuthenticator();
        await AddAsync(await JoinAsync("ada@example.com", ["viewer"]), mine);
        await AddAsync(await JoinAsync("eve@example.com", ["viewer"]), theirs);
        var browser = NewBrowser();
        var half = await browser.SignInAsync("ada@example.com", Password);
        Assert.Equal(401, (await SendAsync(browser, half, theirs.Sign)).Status);
        // One that says that it is another's.
        theirs.User = mine.User;
        Assert.Equal(401, (await SignInAsync(NewBrowser(), theirs)).Status);
    }

    [Fact]
    public async Task Counter_ThatGoesBack_IsRefusedAndNoted()
    {
        using var device = new TestAuthenticator { Counter = 5 };
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AddAsync(ada, device);
        Assert.Equal("Your account", (await SignInAsync(NewBrowser(), device)).Title);
        device.Counter = 3;
        var refused = await SignInAsync(NewBrowser(), device);
        Assert.Equal(401, refused.Status);
        Assert.Contains("as if there were a copy", refused.Html, StringComparison.Ordinal);
        Assert.Contains("There may be a copy of it", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        device.Counter = 9;
        Assert.Equal("Your account", (await SignInAsync(NewBrowser(), device)).Title);
    }

    [Fact]
    public async Task Challenge_HoldsOnce_InItsBrowser_AndForWhatItWasMade()
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AddAsync(ada, device);
        var browser = NewBrowser();
        var page = await browser.GetAsync("/sign-in");
        Assert.Equal(400, (await SendAsync(NewBrowser(), page, device.Sign)).Status);
        Assert.Equal("Your account", (await SendAsync(browser, page, device.Sign)).Title);
        await browser.PostAsync("/sign-out", null);
        Assert.Equal(401, (await SendAsync(browser, page, device.Sign)).Status);
        // That of a registration signs no one in.
        var adding = await ada.GetAsync("/account/passkeys/new");
        var stolen = adding with
        {
            Html = adding.Html.Replace("action=\"/account/passkeys\"", "action=\"/sign-in/passkey\"", StringComparison.Ordinal),
        };
        Assert.Equal(400, (await SendAsync(ada, stolen, device.Sign)).Status);
    }

    [Theory]
    [InlineData("http://evil.test", "localhost")]
    [InlineData("http://localhost:1234", "localhost")]
    [InlineData("http://localhost", "evil.test")]
    public async Task Passkey_ForAnotherSite_IsRefused(string origin, string relyingParty)
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await AddAsync(ada, device);
        (device.Origin, device.RelyingParty) = (origin, relyingParty);
        Assert.Equal(401, (await SignInAsync(NewBrowser(), device)).Status);
        using var another = new TestAuthenticator { Origin = origin, RelyingParty = relyingParty };
        Assert.Equal(400, (await AddAsync(ada, another)).Status);
        Assert.Single((await StatusAsync("ada")).Passkeys);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{}}")]
    [InlineData("{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"v_8\"}}")]
    [InlineData("{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\","
        + "\"signature\":\"AA\",\"userHandle\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}")]
    public async Task Answer_ThatIsMadeUp_IsRefused(string answer)
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var adding = await SendAsync(ada, await ada.GetAsync("/account/passkeys/new"), _ => answer, ("name", "Key"));
        Assert.Equal(400, adding.Status);
        var browser = NewBrowser();
        Assert.Equal(401, (await SendAsync(browser, await browser.GetAsync("/sign-in"), _ => answer)).Status);
    }

    [Fact]
    public async Task Passkey_IsAddedOnce_AndNamed()
    {
        using var device = new TestAuthenticator();
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var page = await ada.GetAsync("/account/passkeys/new");
        Assert.Equal(400, (await SendAsync(ada, page, device.Create, ("name", new string('x', 51)))).Status);
        Assert.Equal(400, (await SendAsync(ada, page, device.Create, ("name", "a\r\nb"))).Status);
        Assert.Equal(200, (await SendAsync(ada, page, device.Create, ("name", "<b>"))).Status);
        Assert.Equal(400, (await SendAsync(ada, page, device.Create, ("name", "again"))).Status);
        Assert.Contains("&lt;b&gt;", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        var shown = await Admin.SendJsonAsync("GET", "/api/v1/people/ada");
        Assert.DoesNotContain("publicKey", shown.Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_AtAnAddressWithoutAName_SaysWhereToGo()
    {
        var party = new RelyingParty(new IdentityOptions { PublicUrl = new Uri("http://127.0.0.1:8080") });
        Assert.Equal(("localhost", "http://localhost:8080"), (party.Id, party.Origin));
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        http.Request.Host = new("127.0.0.1", 8080);
        Assert.Contains("http://localhost:8080/account", party.FaultFor(http), StringComparison.Ordinal);
        http.Request.Host = new("localhost", 8080);
        Assert.Null(party.FaultFor(http));
        Assert.NotNull(new RelyingParty(CloudOptions with { PublicUrl = new Uri("http://cloud.test") }).FaultFor(http));
        Assert.NotNull(new RelyingParty(CloudOptions with { PublicUrl = new Uri("https://10.0.0.1") }).FaultFor(http));
        Assert.Null(new RelyingParty(CloudOptions with { PublicUrl = new Uri("https://cloud.test") }).FaultFor(http));
        Assert.Equal("text/javascript", (await NewBrowser().ContentTypeAsync("/sign-in/passkey.js")));
    }
}
