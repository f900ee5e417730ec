using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Contracts;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;
using Strata.Edge.Tls;

namespace Strata.Edge.Tests.Tls;

/// <summary>What requests without TLS get of hosts with a certificate.</summary>
public class HttpsRedirectTests : IDisposable
{
    private const string Challenge = "/.well-known/acme-challenge/";

    private readonly TestCertificates certificates = new();

    public void Dispose()
    {
        certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(true, null, true)]
    [InlineData(false, null, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    public async Task Http_IsSentToHttps_WhereBrowsersTrustItOrTheRouteSaysSo(bool isPublic, bool? redirect, bool expected)
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            origin, certificates.Put(TestEdge.Host) with { IsPublic = isPublic }, new RouteHttps { Redirect = redirect });
        using var client = edge.CreateClient();
        using var response = await client.GetAsync("/a/b?c=d%20e");
        Assert.Equal(expected ? HttpStatusCode.PermanentRedirect : HttpStatusCode.OK, response.StatusCode);
        if (expected) Assert.Equal($"https://{TestEdge.Host}:{edge.Server.HttpsEndPoints[0].Port}/a/b?c=d%20e",
            response.Headers.Location!.OriginalString);
    }

    /// <summary>Without a certificate there would be nothing at the other end.</summary>
    [Fact]
    public async Task Http_OfAHostWhoseCertificateIsBeingIssued_IsServed()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            origin, TestCertificates.Record(null, TestEdge.Host) with { IsPublic = true }, new RouteHttps { Redirect = true });
        using var client = edge.CreateClient();
        Assert.Equal("ok", await client.GetStringAsync("/"));
    }

    /// <summary>Clients of WebSockets take a redirect for a failure; where the route says so, they get one.</summary>
    [Theory]
    [InlineData(null, "426")]
    [InlineData(true, "308")]
    public async Task Upgrade_IsSentToHttps_WhereTheRouteSaysSo(bool? redirect, string status)
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            c.Response.StatusCode = 426;
            return Task.CompletedTask;
        });
        await using var edge = await StartAsync(
            origin, certificates.Put(TestEdge.Host) with { IsPublic = true }, new RouteHttps { Redirect = redirect });
        var answer = await RawClient.AskAsync(edge.EndPoint,
            $"GET / HTTP/1.1\r\nHost: {TestEdge.Host}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
    }

    [Fact]
    public async Task Redirect_NamesThePublicPort_AndLeadsNowhereElse()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            origin, certificates.Put(TestEdge.Host) with { IsPublic = true }, null, o => o with { HttpsPublicPort = 443 });
        Assert.Contains($"Location: https://{TestEdge.Host}//evil.example.com/\r\n", await LocationAsync("//evil.example.com/"));
        Assert.Contains($"Location: https://{TestEdge.Host}/x?y\r\n", await LocationAsync($"http://{TestEdge.Host}/x?y"));

        Task<string> LocationAsync(string target) => RawClient.AskAsync(
            edge.EndPoint, $"GET {target} HTTP/1.1\r\nHost: {TestEdge.Host}\r\nConnection: close\r\n\r\n");
    }

    [Fact]
    public async Task ClientOfATrustedProxy_ThatCameOverHttps_IsServed()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("ok"));
        await using var edge = await StartAsync(
            origin, certificates.Put(TestEdge.Host) with { IsPublic = true }, null,
            o => o with { TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
        using var client = edge.CreateClient();
        using var plain = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.PermanentRedirect, plain.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-Proto", "https" } } };
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>At once, without a stop at HTTPS of its own host.</summary>
    [Theory]
    [InlineData("/", "/a/b?c=d", "https://example.com/a/b?c=d")]
    [InlineData("/", "/", "https://example.com/")]
    [InlineData("/old", "/old", "https://example.com")]
    [InlineData("/old", "/old/x?y", "https://example.com/x?y")]
    [InlineData("/old", "/old?y", "https://example.com?y")]
    [InlineData("/old", "/%6Fld/x", "https://example.com/%6Fld/x")]
    [InlineData("/", "//evil.example.org/", "https://example.com//evil.example.org/")]
    public async Task Route_ThatLeadsElsewhere_SendsTheRestOfThePathAlong(string path, string target, string location)
    {
        await using var edge = await TestEdge.StartAsync(
            new TableSnapshot([TestEdge.Route(path: path) with { RedirectTo = "https://example.com" }], [])
            {
                Certificates = [certificates.Put(TestEdge.Host) with { IsPublic = true }],
            }, Secure);
        var answer = await RawClient.AskAsync(
            edge.EndPoint, $"GET {target} HTTP/1.1\r\nHost: {TestEdge.Host}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 308 ", answer);
        Assert.Contains($"Location: {location}\r\n", answer);
    }

    [Fact]
    public async Task Hsts_IsSaidOverTlsAlone_AndTheApplicationsOwnCounts()
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            if (c.Request.Path == "/own") c.Response.Headers.StrictTransportSecurity = "max-age=5";
            return c.Response.WriteAsync("ok");
        });
        await using var edge = await StartAsync(origin, certificates.Put(TestEdge.Host), new RouteHttps { HstsSeconds = 600 });
        using var open = edge.CreateClient();
        using var secure = certificates.CreateClient(edge, TestEdge.Host);
        Assert.False((await open.GetAsync("/")).Headers.Contains("Strict-Transport-Security"));
        Assert.Equal("max-age=600", Hsts(await secure.GetAsync("/")));
        Assert.Equal("max-age=5", Hsts(await secure.GetAsync("/own")));
    }

    [Fact]
    public async Task Authority_IsAnsweredForHostsWhoseCertificateTheCloudGets()
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync("the application"));
        var table = TestEdge.TableOf(origin.EndPoint) with
        {
            Routes = [TestEdge.Route(), TestEdge.Route("own.example.com"), TestEdge.Route("both.example.com")],
            AcmeThumbprint = "thumb-print",
            Certificates =
            [
                certificates.Put(TestEdge.Host) with { IsPublic = true }, certificates.Put("own.example.com") with { IsOwn = true },
                certificates.Put("both.example.com"), certificates.Put("both.example.com") with { IsOwn = true, Id = "crt_own" },
            ],
        };
        await using var edge = await TestEdge.StartAsync(table, Secure);
        using var client = edge.CreateClient();
        Assert.Equal("toK_en-1.thumb-print", await client.GetStringAsync(Challenge + "toK_en-1"));
        using var own = new HttpRequestMessage(HttpMethod.Get, Challenge + "toK_en-1") { Headers = { Host = "own.example.com" } };
        Assert.Equal("the application", await (await client.SendAsync(own)).Content.ReadAsStringAsync());
        // The cloud's own goes on being renewed beside one that a user has brought.
        using var both = new HttpRequestMessage(HttpMethod.Get, Challenge + "t") { Headers = { Host = "both.example.com" } };
        Assert.Equal("t.thumb-print", await (await client.SendAsync(both)).Content.ReadAsStringAsync());
        foreach (var odd in new[] { "", "a/b", "a%20b", "a.b", new string('a', 300) })
            Assert.Equal(HttpStatusCode.PermanentRedirect, (await client.GetAsync(Challenge + odd)).StatusCode);
    }

    private static string Hsts(HttpResponseMessage response) => response.Headers.GetValues("Strict-Transport-Security").Single();

    private EdgeOptions Secure(EdgeOptions options) =>
        options with { Https = [new IPEndPoint(IPAddress.Loopback, 0)], DataFolder = certificates.Folder.Path };

    private Task<TestEdge> StartAsync(
        WebOrigin origin, CertificateRecord certificate, RouteHttps? https, Func<EdgeOptions, EdgeOptions>? with = null) =>
        TestEdge.StartAsync(
            new TableSnapshot([TestEdge.Route() with { Https = https }], [TestEdge.Instance(origin.EndPoint)])
            {
                Certificates = [certificate],
            }, o => (with ?? (x => x))(Secure(o)));
}
