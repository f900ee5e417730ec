using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>What keeps the pages safe: where forms come from, where links lead, how often a password can be tried.</summary>
public sealed class PagesTests() : PeopleContract(new MemoryStore())
{
    [Theory]
    [InlineData("https://evil.test")]
    [InlineData("null")]
    public async Task Form_OfAnotherSite_IsRefused(string origin)
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        Assert.Equal(400, (await ada.PostAsync("/account/sessions", origin, ("session", "others"))).Status);
        Assert.Equal(400, (await ada.PostAsync("/sign-out", origin)).Status);
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        Assert.Equal(400, (await NewBrowser().PostAsync("/sign-in", origin, ("email", "ada@example.com"), ("password", Password))).Status);
    }

    [Theory]
    [InlineData("https://evil.test/")]
    [InlineData("//evil.test/")]
    [InlineData("/\\evil.test/")]
    [InlineData("/evil\t.test")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    public async Task SignIn_LeadsToNoOtherSite(string wanted)
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        var page = await NewBrowser().SignInAsync("ada@example.com", Password, wanted);
        Assert.Equal("/account", page.Path);
    }

    [Fact]
    public async Task SignIn_LeadsBackToWhereItWasAskedFor()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        var browser = NewBrowser();
        var asked = await browser.GetAsync("/device?user_code=BCDF-GHJK");
        Assert.True(asked.Path == "/sign-in?return=%2Fdevice%3Fuser_code%3DBCDF-GHJK", asked.Path + asked.Html);
        var page = await browser.SignInAsync("ada@example.com", Password, "/device?user_code=BCDF-GHJK");
        Assert.Equal("/device?user_code=BCDF-GHJK", page.Path);
    }

    [Fact]
    public async Task Page_ShowsTextAsText_AndIsFramedByNobody()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var page = await ada.GetAsync("/account");
        Assert.Contains("Ada &lt;Lovelace&gt;", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<Lovelace", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("no-store", page.Headers.CacheControl?.ToString());
        var evil = await NewBrowser().SignInAsync("\"><script>alert(1)</script>", "x");
        Assert.Equal(401, evil.Status);
        Assert.DoesNotContain("<script", evil.Html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Cookies_AreForThisServerAlone()
    {
        var cookies = (await JoinAsync("ada@example.com", ["viewer"])).Cookies;
        Assert.All(cookies, c => Assert.True(c.HttpOnly));
        Assert.Equal(["strata-browser", "strata-session"], cookies.Select(c => c.Name).Order());
    }

    [Fact]
    public async Task Passwords_CannotBeTriedForever_AndNobodyIsKeptOutOfTheirOwnBrowser()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await ada.PostAsync("/sign-out", null);
        for (var i = 0; i < 10; i++) Assert.Equal(401, (await NewBrowser().SignInAsync("ada@example.com", "wrong one " + i)).Status);
        Assert.Equal(429, (await NewBrowser().SignInAsync("ada@example.com", Password)).Status);
        Assert.Equal("/account", (await ada.SignInAsync("ada@example.com", Password)).Path);
        for (var i = 0; i < 10; i++) Assert.Equal(401, (await ada.SignInAsync("ada@example.com", "wrong one " + i)).Status);
        Assert.Equal(429, (await ada.SignInAsync("ada@example.com", Password)).Status);
    }

    [Fact]
    public async Task SignOut_EndsTheSession()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        Assert.Single((await Admin.SendJsonAsync("GET", "/api/v1/sessions")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal("Sign in", (await ada.PostAsync("/sign-out", null)).Title);
        Assert.Empty((await Admin.SendJsonAsync("GET", "/api/v1/sessions")).Body.GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData("ada@example.com", "short")]
    [InlineData("ada@example.com", "aaaaaaaaaaaaaaaa")]
    [InlineData("adalovelace@example.com", "adalovelace12")]
    [InlineData("not an address", Password)]
    [InlineData("a@b@c", Password)]
    public async Task Account_WithAWeakPasswordOrNoAddress_IsNotMade(string email, string password)
    {
        var link = await InviteAsync(null, ["viewer"]);
        Assert.Equal(400, (await NewBrowser().PostAsync(link, null, ("email", email), ("password", password))).Status);
        Assert.Equal(200, (await NewBrowser().PostAsync(link, null, ("email", "ada@example.com"), ("password", Password))).Status);
    }
}
