using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>Clients that come back to the instance that has answered them.</summary>
public class StickyTests
{
    private static Task<WebOrigin> OriginAsync(string name) => WebOrigin.StartAsync(c =>
    {
        c.Response.Headers.SetCookie = "of=the-application";
        return c.Response.WriteAsync(name);
    });

    private static TableSnapshot TableOf(string path, params WebOrigin[] origins) => new(
        [TestEdge.Route(path: path) with { Sticky = true }], [.. origins.Select(o => TestEdge.Instance(o.EndPoint, $"ins_{o.EndPoint.Port}"))]);

    [Fact]
    public async Task Client_StaysWithItsInstance_UntilThatIsGone()
    {
        await using var a = await OriginAsync("a");
        await using var b = await OriginAsync("b");
        await using var edge = await TestEdge.StartAsync(TableOf("/", a, b));
        using var client = edge.CreateClient();
        var (first, cookie) = await GetAsync(client, null);
        Assert.Matches("^strata-instance=[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax$", cookie);
        for (var i = 0; i < 20; i++)
        {
            var (name, next) = await GetAsync(client, $"x=y; {cookie!.Split(';')[0]}; z=1");
            Assert.Equal((first, null), (name, next));
        }
        // Others are led by the load, to both.
        var all = new HashSet<string>();
        for (var i = 0; i < 100 && all.Count < 2; i++) all.Add((await GetAsync(client, null)).Name);
        Assert.Equal(2, all.Count);

        edge.Server.Apply(TableOf("/", first == "a" ? b : a));
        var (other, renewed) = await GetAsync(client, cookie!.Split(';')[0]);
        Assert.NotEqual(first, other);
        Assert.NotNull(renewed);
    }

    [Theory]
    [InlineData("strata-instance=0123456789abcdef")]
    [InlineData("strata-instance=")]
    [InlineData("strata-instance")]
    [InlineData(";;=;strata-instance=zzzzzzzzzzzzzzzz")]
    public async Task CookieOfNoInstance_IsReplaced(string cookie)
    {
        await using var a = await OriginAsync("a");
        await using var edge = await TestEdge.StartAsync(TableOf("/docs", a));
        using var client = edge.CreateClient();
        var (_, set) = await GetAsync(client, cookie, "/docs/x");
        Assert.Contains("; Path=/docs;", set);
    }

    /// <summary>One whose instance cannot be reached is served by another.</summary>
    [Fact]
    public async Task InstanceThatCannotBeReached_IsLeft()
    {
        await using var a = await OriginAsync("a");
        var b = await OriginAsync("b");
        await using var edge = await TestEdge.StartAsync(TableOf("/", a, b));
        using var client = edge.CreateClient();
        var (name, cookie) = await GetAsync(client, null);
        while (name != "b") (name, cookie) = await GetAsync(client, null);
        await b.DisposeAsync();
        var (next, set) = await GetAsync(client, cookie!.Split(';')[0]);
        Assert.Equal("a", next);
        Assert.NotNull(set);
    }

    private static async Task<(string Name, string? Set)> GetAsync(HttpClient client, string? cookie, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var set = answer.Headers.GetValues("Set-Cookie").ToList();
        Assert.Equal("of=the-application", set[0]);
        return (await answer.Content.ReadAsStringAsync(), set.Count > 1 ? set[1] : null);
    }
}
