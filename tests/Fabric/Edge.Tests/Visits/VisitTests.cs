using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Strata.Contracts;
using Strata.Core;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Visits;

/// <summary>Routes that only people who are signed in may visit.</summary>
public class VisitTests
{
    private const string Html = "text/html,*/*;q=0.8";

    /// <summary>It shows what it learns of its visitor.</summary>
    private static Task<WebOrigin> OriginAsync() => WebOrigin.StartAsync(c => c.Response.WriteAsync(
        $"{c.Request.Headers["Strata-User"]}|{c.Request.Headers["Strata-Email"]}|{c.Request.Headers.Cookie}"));

    private static Task<TestEdge> BeforeAsync(WebOrigin origin, FakeApi api, params RouteRecord[] more) => TestEdge.StartAsync(
        new TableSnapshot([TestEdge.Route() with { SignIn = true }, .. more], [TestEdge.Instance(origin.EndPoint)]),
        o => o with { ApiUrl = api.Url, ApiToken = "edge-token" });

    [Fact]
    public async Task Browser_IsSentToSignIn_AndComesBackIn()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        using var client = edge.CreateClient();
        using var asked = await SendAsync(client, "/a/b?c=d", Html);
        Assert.Equal(HttpStatusCode.SeeOther, asked.StatusCode);
        Assert.Equal("no-store", asked.Headers.CacheControl!.ToString());
        var page = asked.Headers.Location!;
        var query = QueryHelpers.ParseQuery(page.Query);
        Assert.Equal("http://cloud.test/visit", page.GetLeftPart(UriPartial.Path));
        Assert.Equal((FakeApi.VisitedResource, $"http://{TestEdge.Host}/a/b?c=d"), (query["resource"].ToString(), query["back"].ToString()));
        var state = Assert.Single(asked.Headers.GetValues("Set-Cookie")).Split(';')[0];
        Assert.StartsWith("strata-visit-state=", state);

        api.Codes["code-1"] = ("stv_1", query["state"]!);
        api.Visits["stv_1"] = "ada@example.com";
        var callback = $"{VisitPaths.Callback}?code=code-1&to=%2Fa%2Fb%3Fc%3Dd";
        using var back = await SendAsync(client, callback, Html, state);
        Assert.Equal((HttpStatusCode.SeeOther, "/a/b?c=d"), (back.StatusCode, back.Headers.Location?.OriginalString));
        var cookie = Assert.Single(back.Headers.GetValues("Set-Cookie"));
        Assert.Matches("^strata-visit-[0-9a-f]{16}=stv_1; Path=/; Max-Age=3[0-9]{3}; HttpOnly; SameSite=Lax$", cookie);
        Assert.Equal("no-referrer", back.Headers.GetValues("Referrer-Policy").Single());

        var visit = cookie.Split(';')[0];
        for (var i = 0; i < 3; i++)
        {
            using var served = await SendAsync(client, "/a/b?c=d", "*/*", $"x=1; {visit}; {state}; y=2");
            Assert.Equal("per_1|ada@example.com|x=1; y=2", await served.Content.ReadAsStringAsync());
        }
        Assert.Equal(2, api.VisitChecks); // for the page, and for the visit
        using var again = await SendAsync(client, callback, Html, state);
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode); // a code is good once
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("application/json", null)]
    [InlineData(Html, "cors")]
    public async Task Program_Gets401(string? accept, string? mode)
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, "/", accept, mode: mode);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("SIGN_IN_NEEDED", answer.Headers.GetValues("X-Strata-Error").Single());
    }

    [Fact]
    public async Task Claims_OfClients_AreDropped()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        var open = TestEdge.Route(host: "open.localhost") with { Limits = new RouteLimits { PassUnusualHeaders = true } };
        await using var edge = await BeforeAsync(origin, api, open);
        api.Visits["stv_good"] = "ada@example.com";
        using var client = edge.CreateClient();
        var visit = $"strata-visit-{CookieMark.Of(FakeApi.VisitedRoute)}=stv_good";
        using var served = await SendAsync(client, "/", Html, visit, claim: true);
        Assert.Equal("per_1|ada@example.com|", await served.Content.ReadAsStringAsync());
        using var other = await SendAsync(client, "http://open.localhost/", Html, "a=b", claim: true);
        Assert.Equal("||a=b", await other.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("", "/ok")] // without the browser's state
    [InlineData("strata-visit-state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/ok")] // with another's
    [InlineData("strata-visit-state=short", "/ok")]
    public async Task Code_OfAnotherBrowser_OpensNothing(string cookie, string to)
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        api.Codes["code-1"] = ("stv_1", new string('0', 64));
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, $"{VisitPaths.Callback}?code=code-1&to={Uri.EscapeDataString(to)}", Html, cookie);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("//evil.test")]
    [InlineData("/\\evil.test")]
    [InlineData("https://evil.test")]
    [InlineData("/a\r\nX: y")]
    [InlineData("")]
    public async Task Return_LeadsToNoOtherHost(string to)
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        using var client = edge.CreateClient();
        using var asked = await SendAsync(client, "/", Html);
        api.Codes["code-1"] = ("stv_1", QueryHelpers.ParseQuery(asked.Headers.Location!.Query)["state"]!);
        using var back = await SendAsync(
            client, $"{VisitPaths.Callback}?code=code-1&to={Uri.EscapeDataString(to)}", Html,
            asked.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        Assert.Equal("/", back.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task VisitOfAnotherRoute_OpensNothing()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, "/", Html, "strata-visit-0123456789abcdef=stv_good");
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
    }

    /// <summary>Without the control plane those who were in stay in, and no one else comes in.</summary>
    [Fact]
    public async Task ControlPlaneAway_LetsNoOneElseIn()
    {
        var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api);
        api.Visits["stv_good"] = "ada@example.com";
        var name = $"strata-visit-{CookieMark.Of(FakeApi.VisitedRoute)}";
        using var client = edge.CreateClient();
        using (var served = await SendAsync(client, "/", Html, $"{name}=stv_good")) Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        await api.DisposeAsync();
        using (var served = await SendAsync(client, "/", Html, $"{name}=stv_good")) Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        using var other = await SendAsync(client, "/", Html, $"{name}=stv_other");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, other.StatusCode);
        Assert.Equal("SIGN_IN_UNAVAILABLE", other.Headers.GetValues("X-Strata-Error").Single());
        // Where to sign in is known: that page says the rest.
        using var without = await SendAsync(client, "/", Html);
        Assert.Equal(HttpStatusCode.SeeOther, without.StatusCode);
    }

    /// <summary>An application on the same host must not come by what opens another.</summary>
    [Fact]
    public async Task OpenRouteOfTheHost_GetsNoCookiesOfTheSignIn()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, api, TestEdge.Route(path: "/open"));
        using var client = edge.CreateClient();
        var visit = $"strata-visit-{CookieMark.Of(FakeApi.VisitedRoute)}=stv_good";
        using var mixed = await SendAsync(client, "/open", Html, $"a=b; {visit}; __Host-{visit}; strata-visit-state=x");
        Assert.Equal("||a=b", await mixed.Content.ReadAsStringAsync());
        using var alone = await SendAsync(client, "/open", Html, visit);
        Assert.Equal("||", await alone.Content.ReadAsStringAsync());
    }

    /// <summary>A browser that was sent there with a code must not show it to an application.</summary>
    [Fact]
    public async Task Callback_IsNoApplications()
    {
        await using var origin = await OriginAsync();
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, $"{VisitPaths.Callback}?code=stc_1", Html);
        Assert.Equal("PATH_UNKNOWN", answer.Headers.GetValues("X-Strata-Error").Single());
    }

    [Fact]
    public async Task Application_CannotMakeSomeoneElseOfAVisitor()
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            c.Response.Headers.Append("Set-Cookie", "strata-visit-0123456789abcdef=stv_mine; Path=/");
            c.Response.Headers.Append("Set-Cookie", "of=the-application");
            c.Response.Headers.Append("Set-Cookie", "__Host-strata-visit-state=mine; Path=/; Secure");
            return c.Response.WriteAsync("hello");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        using var answer = await client.GetAsync("/");
        Assert.Equal(["of=the-application"], answer.Headers.GetValues("Set-Cookie"));
    }

    /// <summary>The browser would keep the way to the sign-in, and go in a circle.</summary>
    [Fact]
    public async Task HeadersOfTheRoute_DoNotMakeTheWayToTheSignInCacheable()
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await OriginAsync();
        var headers = new Dictionary<string, string> { ["Cache-Control"] = "public, max-age=600", ["X-Frame-Options"] = "DENY" };
        await using var edge = await TestEdge.StartAsync(
            new TableSnapshot([TestEdge.Route() with { SignIn = true, Headers = headers }], [TestEdge.Instance(origin.EndPoint)]),
            o => o with { ApiUrl = api.Url, ApiToken = "edge-token" });
        using var client = edge.CreateClient();
        foreach (var accept in new[] { Html, "application/json" })
        {
            using var answer = await SendAsync(client, "/", accept);
            Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        }
    }

    [Theory]
    [InlineData(null, "private")]
    [InlineData("public, max-age=60, s-maxage=600", "private, max-age=60")]
    [InlineData("no-store", "no-store")]
    [InlineData("private, max-age=5", "private, max-age=5")]
    public async Task AnswersForVisitors_AreForNoSharedCache(string? sent, string expected)
    {
        await using var api = await FakeApi.StartAsync(tellsReady: false);
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            if (sent is not null) c.Response.Headers.CacheControl = sent;
            return c.Response.WriteAsync("hello");
        });
        await using var edge = await BeforeAsync(origin, api);
        api.Visits["stv_good"] = "ada@example.com";
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, "/", Html, $"strata-visit-{CookieMark.Of(FakeApi.VisitedRoute)}=stv_good");
        Assert.Equal(expected, answer.Headers.NonValidated["Cache-Control"].ToString());
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, string path, string? accept, string? cookie = null, string? mode = null, bool claim = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        if (cookie is { Length: > 0 }) request.Headers.Add("Cookie", cookie);
        if (mode is not null) request.Headers.Add("Sec-Fetch-Mode", mode);
        if (claim)
        {
            request.Headers.Add("Strata-User", "per_0");
            request.Headers.Add("Strata-Email", "root@example.com");
            request.Headers.Add("Strata_Email", "root@example.com");
        }
        return await client.SendAsync(request);
    }
}
