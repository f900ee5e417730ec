using System.Net;
using System.Net.WebSockets;
using Strata.Contracts;
using Strata.Edge.Tests.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>Streams, their bounds and ends, and what a route may set for itself.</summary>
public class StreamTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>Event streams at /events, never an answer at /never, else an ordinary one.</summary>
    private static RawOrigin Origin() => new(async c =>
    {
        while (await c.ReadHeadAsync() is { } head)
        {
            if (head.Contains(" /never ", StringComparison.Ordinal)) await c.WaitForCloseAsync();
            if (!head.Contains(" /events ", StringComparison.Ordinal)) await c.SendAsync(Ok);
            else await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\n\n\r\n");
        }
    });

    private static Task<HttpResponseMessage> OpenAsync(HttpClient client, string path = "/events") =>
        client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

    private static bool CanOpen(HttpClient client) =>
        client.Send(new HttpRequestMessage(HttpMethod.Get, "/events"), HttpCompletionOption.ResponseHeadersRead).IsSuccessStatusCode;

    [Fact]
    public async Task Streams_DoNotCountAsRequests_AndHaveABoundOfTheirOwn()
    {
        await using var origin = Origin();
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, new RouteLimits { RequestsPerInstance = 2, StreamsPerInstance = 5 });
        using var client = edge.CreateClient();
        List<HttpResponseMessage> open = [];
        for (var i = 0; i < 5; i++) open.Add(await OpenAsync(client));
        Assert.All(open, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Equal("ok", await client.GetStringAsync("/"));

        using var refused = await OpenAsync(client);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("STREAMS_EXHAUSTED", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("ok", await client.GetStringAsync("/"));
        open.ForEach(r => r.Dispose());
        await Wait.UntilAsync(() => CanOpen(client), "a stream ended");
    }

    [Fact]
    public async Task Upgrade_BeyondTheStreamsOfItsRoute_IsRefused()
    {
        await using var origin = Origin();
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { StreamsPerInstance = 0 });
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadUntilAsync("STREAMS_EXHAUSTED"));
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task Request_ThatLastsLong_CountsAsAStream()
    {
        await using var origin = Origin();
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint,
            o => o with { Upstream = o.Upstream with { ConnectionsMax = 1, StreamAfter = TimeSpan.FromMilliseconds(50) } });
        using var client = edge.CreateClient();
        var poll = client.GetAsync("/never");
        await Wait.UntilAsync(() => origin.Requests.Count == 1, "the poll has begun");
        await Wait.UntilAsync(() => client.GetStringAsyncOr("/") == "ok", "the poll does not count");
        Assert.False(poll.IsCompleted);
        client.CancelPendingRequests();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => poll);
    }

    [Fact]
    public async Task Requests_BeyondThoseOfTheirRoute_AreRefusedAtOnce()
    {
        await using var origin = Origin();
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { RequestsPerInstance = 1 });
        using var client = edge.CreateClient();
        var first = client.GetAsync("/never");
        await Wait.UntilAsync(() => origin.Requests.Count == 1, "the first has begun");
        using var refused = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        client.CancelPendingRequests();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    [Fact]
    public async Task FirstByte_LaterThanItsRouteAllows_Is504()
    {
        await using var origin = Origin();
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { FirstByteSeconds = 1 });
        using var client = edge.CreateClient();
        using var answer = await client.GetAsync("/never");
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
    }

    [Fact]
    public async Task Body_LargerThanItsRouteAllows_Is413()
    {
        await using var origin = new RawOrigin(async c =>
        {
            while (await c.ReadHeadAsync() is not null)
            {
                await c.ReadBodyAsync(10);
                await c.SendAsync(Ok);
            }
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { BodyBytesMax = 10 });
        using var client = edge.CreateClient();
        using var small = await client.PostAsync("/", new StringContent("0123456789"));
        Assert.Equal(HttpStatusCode.OK, small.StatusCode);
        using var large = await client.PostAsync("/", new StringContent("0123456789+"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WebSocket_WhoseInstanceOrEdgeEnds_IsClosedWith1001(bool edgeEnds)
    {
        using var vanish = new SemaphoreSlim(0);
        await using var origin = await WebOrigin.StartAsync(async context =>
        {
            using var accepted = await context.WebSockets.AcceptWebSocketAsync();
            await accepted.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
            await vanish.WaitAsync(context.RequestAborted);
            context.Abort();
        });
        var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", TestEdge.Host);
        await socket.ConnectAsync(new Uri($"ws://{edge.EndPoint}/"), invoker, default);
        var block = new byte[100];
        Assert.Equal(5, (await socket.ReceiveAsync(block, default)).Count);

        var stopping = edgeEnds ? edge.DisposeAsync().AsTask() : null;
        if (!edgeEnds) vanish.Release();

        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(block, default)).MessageType);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        await (stopping ?? edge.DisposeAsync().AsTask());
    }

    [Theory]
    [InlineData("")]
    [InlineData("some of it")]
    public async Task Answer_OfKnownLength_IsPassedOnAsItComes(string piece)
    {
        var seen = new TaskCompletionSource();
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + piece);
            await seen.Task;
            await c.SendAsync(new string('y', 1000 - piece.Length));
            await c.WaitForCloseAsync();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n" + piece);
        seen.SetResult();
        await client.ReadUntilAsync(new string('y', 1000 - piece.Length));
    }

    /// <summary>On a connection kept from before, where the edge may take its end for one of old age.</summary>
    [Fact]
    public async Task Request_ThatEndsItsInstance_IsNotSentToAnother()
    {
        static RawOrigin Mortal() => new(async c =>
        {
            while (await c.ReadHeadAsync() is { } head && !head.Contains(" /boom ", StringComparison.Ordinal)) await c.SendAsync(Ok);
        });
        await using var one = Mortal();
        await using var two = Mortal();
        await using var edge = await TestEdge.BeforeAsync(one.EndPoint, two.EndPoint);
        using var client = edge.CreateClient();
        await Wait.UntilAsync(
            () => client.GetStringAsyncOr("/") == "ok" && one.Connections > 0 && two.Connections > 0, "both have a connection");

        using var answer = await client.GetAsync("/boom");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Single(new[] { one, two }, o => o.Requests.Any(r => r.Contains(" /boom ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task InterimAnswers_WithoutEnd_Are502()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            while (!c.Stopping.IsCancellationRequested) await c.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        using var answer = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Headers_ThatCgiWouldMistake_AreDropped(bool pass)
    {
        await using var origin = RawOrigin.Answering(Ok);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint, new RouteLimits { PassUnusualHeaders = pass });
        using var client = await RawClient.ConnectAsync(edge.EndPoint);
        await client.SendAsync(
            "GET / HTTP/1.1\r\nHost: app.localhost\r\nX_Forwarded_For: 6.6.6.6\r\nX.Real.IP: 6.6.6.6\r\nX_User: me\r\nX-Plain: yes\r\n\r\n");
        await client.ReadUntilAsync("ok");
        var seen = Assert.Single(origin.Requests);
        Assert.DoesNotContain("6.6.6.6", seen, StringComparison.Ordinal);
        Assert.Contains("X-Plain: yes", seen, StringComparison.Ordinal);
        Assert.Equal(pass, seen.Contains("X_User: me", StringComparison.Ordinal));
    }
}
