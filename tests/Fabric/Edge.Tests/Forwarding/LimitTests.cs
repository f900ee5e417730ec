using System.Net;
using System.Net.Sockets;
using Strata.Contracts;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>What an application or a client may take of the edge, byte for byte, and what happens at each bound.</summary>
public class LimitTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Events =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n: hi\n\n\r\n";
    private const string Switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    private const string EventsRequest = "GET /events HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
    private const string UpgradeRequest = "GET /ws HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

    /// <summary>Answers /events with a stream that stays open, upgrades /ws, never answers /poll, and everything else at once.</summary>
    private static RawOrigin StreamingOrigin() => new(async c =>
    {
        while (await c.ReadHeadAsync() is { } head)
        {
            var path = head.Split(' ')[1];
            if (path == "/events") await c.SendAsync(Events);
            if (path == "/ws") await c.SendAsync(Switching);
            if (path is "/events" or "/ws" or "/poll") await c.WaitForCloseAsync();
            else await c.SendAsync(Ok);
        }
    });

    [Theory]
    [InlineData("x_real-ip: 10.0.0.1")]
    [InlineData("X-Forwarded_Proto: https")]
    [InlineData("X-Forwarded.Host: a")]
    public async Task Header_ThatCgiWouldTakeForTheEdges_IsDropped_EvenWhereUnusualOnesPass(string header)
    {
        await using var origin = RawOrigin.Answering(Ok);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { PassUnusualHeaders = true });
        await RawClient.AskAsync(
            edge.EndPoint, $"GET / HTTP/1.1\r\nHost: app.localhost\r\n{header}\r\nx_api_key: 1\r\nConnection: close\r\n\r\n");
        var seen = Assert.Single(origin.Requests);
        Assert.Contains("x_api_key: 1\r\n", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(header[..header.IndexOf(':', StringComparison.Ordinal)], seen, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Streams_BeyondTheLimit_AreRefusedAtOnce_AndRequestsGoOn()
    {
        await using var origin = StreamingOrigin();
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, new RouteLimits { StreamsPerInstance = 4, RequestsPerInstance = 2 });
        List<RawClient> streams = [];
        try
        {
            for (var i = 0; i < 4; i++)
            {
                streams.Add(await RawClient.ConnectAsync(edge.EndPoint));
                await streams[i].SendAsync(i % 2 == 0 ? EventsRequest : UpgradeRequest);
                await streams[i].ReadUntilAsync(i % 2 == 0 ? ": hi" : "101 Switching");
            }
            foreach (var request in (string[])[EventsRequest, UpgradeRequest])
            {
                using var refused = await RawClient.ConnectAsync(edge.EndPoint);
                await refused.SendAsync(request);
                var answer = await refused.ReadUntilAsync("STREAMS_EXHAUSTED");
                Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
                Assert.Contains("Retry-After: ", answer, StringComparison.Ordinal);
            }
            using var client = edge.CreateClient();
            for (var i = 0; i < 10; i++) Assert.Equal("ok", await client.GetStringAsync("/"));
            Assert.Contains("state=\"stream\"} 4\n", edge.ReadMetrics(), StringComparison.Ordinal);
        }
        finally
        {
            streams.ForEach(s => s.Dispose());
        }
        await Wait.UntilAsync(() => edge.ReadMetrics().Contains("state=\"stream\"} 0\n", StringComparison.Ordinal), "no stream is left");
    }

    /// <summary>The bound is the one of its route, not the edge's.</summary>
    [Fact]
    public async Task Request_ThatLastsLong_StaysARequest_WhereItsRouteHasNoStreamLeft()
    {
        await using var origin = StreamingOrigin();
        await using var edge = await TestEdge.StartAsync(
            new([TestEdge.Route() with { Limits = new RouteLimits { StreamsPerInstance = 1 } }], [TestEdge.Instance(origin.EndPoint)]),
            o => o with { Upstream = o.Upstream with { StreamAfter = TimeSpan.FromMilliseconds(50) } });
        List<RawClient> polls = [];
        try
        {
            for (var i = 1; i <= 3; i++)
            {
                polls.Add(await RawClient.ConnectAsync(edge.EndPoint));
                await polls[^1].SendAsync("GET /poll HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
                await Wait.UntilAsync(() => origin.Requests.Count == i, "the poll has begun");
                await Wait.UntilAsync(
                    () => edge.ReadMetrics().Contains("state=\"stream\"} 1\n", StringComparison.Ordinal), "one counts as a stream");
            }
            await Wait.UntilAsync(
                () => edge.ReadMetrics().Contains("state=\"used\"} 2\n", StringComparison.Ordinal), "two count as requests");
        }
        finally
        {
            polls.ForEach(p => p.Dispose());
        }
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked", "20\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 32", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task Body_LargerThanItsRouteAllows_Is413_HoweverItIsSent(string header, string body)
    {
        await using var origin = new RawOrigin(c => c.WaitForCloseAsync());
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { BodyBytesMax = 10 });
        var answer = await RawClient.AskAsync(edge.EndPoint, $"POST / HTTP/1.1\r\nHost: app.localhost\r\n{header}\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("BODY_TOO_LARGE", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WebSocket_WhoseInstanceGoesAway_EndsWithACloseFrame(bool reset)
    {
        using var go = new SemaphoreSlim(0);
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync(Switching + "\u0081\u0002hi");
            await go.WaitAsync(c.Stopping);
            if (reset) c.Socket.LingerState = new LingerOption(true, 0);
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync(UpgradeRequest);
        await client.ReadUntilAsync("hi");
        go.Release();
        Assert.EndsWith("hi\u0088\u0002\u0003\u00e9", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0088\u0002\u0003\u00e8")]
    [InlineData("\u0081\u0005he")]
    public async Task WebSocket_ThatEndsByItselfOrInsideAFrame_GetsNoCloseFrame(string last)
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync(Switching + last);
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync(UpgradeRequest);
        Assert.EndsWith("\r\n\r\n" + last, await client.ReadToEndAsync(), StringComparison.Ordinal);
    }
}
