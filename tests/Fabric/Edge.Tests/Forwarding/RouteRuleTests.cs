using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>What a route does to requests and answers by itself.</summary>
public class RouteRuleTests
{
    private static Task<WebOrigin> OriginAsync() => WebOrigin.StartAsync(c =>
    {
        c.Response.Headers["X-Frame-Options"] = "ALLOWALL";
        return c.Response.WriteAsync($"{c.Request.Path}{c.Request.QueryString} {c.Request.Headers["X-Forwarded-Prefix"]}");
    });

    private static Task<TestEdge> BeforeAsync(WebOrigin origin, RouteRecord route, Func<EdgeOptions, EdgeOptions>? with = null) =>
        TestEdge.StartAsync(new TableSnapshot([route], [TestEdge.Instance(origin.EndPoint)]), with);

    [Theory]
    [InlineData("/docs", "/ /docs")]
    [InlineData("/docs/", "/ /docs")]
    [InlineData("/docs/a/b?c=d", "/a/b?c=d /docs")]
    [InlineData("/docs?c", "/?c /docs")]
    [InlineData("/docs//a", "//a /docs")]
    public async Task StripPath_PassesOnTheRest_AndSaysWhatItTookOff(string path, string expected)
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, TestEdge.Route(path: "/docs") with { StripPath = true });
        using var client = edge.CreateClient();
        Assert.Equal(expected, await client.GetStringAsync(path));
    }

    [Fact]
    public async Task Headers_TakeThePlaceOfTheApplications_AlsoOnErrors()
    {
        await using var origin = await OriginAsync();
        var headers = new Dictionary<string, string> { ["X-Frame-Options"] = "DENY", ["Referrer-Policy"] = "no-referrer" };
        await using var edge = await BeforeAsync(origin, TestEdge.Route() with { Headers = headers });
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var client = edge.CreateClient(version);
            using var answer = await client.GetAsync("/");
            Assert.Equal(["DENY"], answer.Headers.GetValues("X-Frame-Options"));
            Assert.Equal(["no-referrer"], answer.Headers.GetValues("Referrer-Policy"));
            Assert.True(answer.Headers.Contains("X-Request-Id"));
        }
        edge.Server.Apply(new TableSnapshot([TestEdge.Route() with { Headers = headers }], []));
        using var again = edge.CreateClient();
        using var error = await again.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, error.StatusCode);
        Assert.Equal(["DENY"], error.Headers.GetValues("X-Frame-Options"));
    }

    [Theory]
    [InlineData("127.0.0.0/8", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("10.0.0.0/8", HttpStatusCode.Forbidden)]
    [InlineData("::1", HttpStatusCode.Forbidden)]
    [InlineData("nonsense", HttpStatusCode.Forbidden)]
    public async Task AllowFrom_ServesItsNetworksAlone(string network, HttpStatusCode expected)
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, TestEdge.Route() with { AllowFrom = [network] });
        using var client = edge.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-For", "10.1.2.3" } } };
        using var answer = await client.SendAsync(request); // what a client says of itself counts for nothing
        Assert.Equal(expected, answer.StatusCode);
    }

    /// <summary>The proxy has seen the last address itself; those before it are what its client said.</summary>
    [Theory]
    [InlineData("10.1.2.3", HttpStatusCode.OK)]
    [InlineData("192.0.2.1, 10.1.2.3", HttpStatusCode.OK)]
    [InlineData("10.1.2.3, 192.0.2.1", HttpStatusCode.Forbidden)]
    [InlineData("garbage", HttpStatusCode.Forbidden)]
    public async Task AllowFrom_BehindATrustedProxy_LooksAtItsClient(string forwardedFor, HttpStatusCode expected)
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(
            origin, TestEdge.Route() with { AllowFrom = ["10.0.0.0/8"] },
            o => o with { TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
        using var client = edge.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-For", forwardedFor } } };
        using var answer = await client.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Maintenance_IsSaidInsteadOfTheApplicationsAnswer()
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, TestEdge.Route() with { Maintenance = "Back at <b>six</b>." });
        using var client = edge.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept", "text/html" } } };
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("60", answer.Headers.GetValues("Retry-After").Single());
        Assert.Contains("Back at &lt;b&gt;six", await answer.Content.ReadAsStringAsync());
    }
}
