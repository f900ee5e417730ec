using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Listening;

/// <summary>Clients that hold connections without using them are cut off.</summary>
public class SlowClientTests
{
    private static Task<TestEdge> StartAsync(RawOrigin origin, Func<EdgeLimits, EdgeLimits> limits) =>
        TestEdge.BeforeAsync(origin.EndPoint, o => o with { Limits = limits(o.Limits) });

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PRI * HTTP/2.0\r\n")]
    public async Task Connection_ThatSaysNothing_IsClosed(string start)
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await StartAsync(
            origin, l => l with { KeepAliveTimeout = TimeSpan.FromMilliseconds(300), RequestHeadTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.DoesNotContain("200 OK", await RawClient.AskAsync(edge.EndPoint, start), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_ThatNeverEnds_Is408()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await StartAsync(origin, l => l with { RequestHeadTimeout = TimeSpan.FromMilliseconds(500) });
        Assert.StartsWith("HTTP/1.1 408 ", await RawClient.AskAsync(edge.EndPoint, "GET / HTTP/1.1\r\nHost: app.localhost\r\nA: "));
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task Body_ThatTrickles_Is408AndFreesTheInstance()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.WaitForCloseAsync();
        });
        await using var edge = await StartAsync(
            origin, l => l with { BodyBytesPerSecondMin = 10_000, BodyRateGrace = TimeSpan.FromSeconds(1.5) });
        Assert.StartsWith(
            "HTTP/1.1 408 ", await RawClient.AskAsync(
                edge.EndPoint, "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 100000\r\n\r\nx"));
        await Wait.UntilAsync(() => origin.Closed == 1, "the instance is free");
    }
}
