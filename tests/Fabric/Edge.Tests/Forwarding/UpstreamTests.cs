using System.Net;
using System.Net.Sockets;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>Instances that answer oddly, badly, late or not at all.</summary>
public class UpstreamTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n";

    private static async Task<string> AskAsync(string answer, string request = Get)
    {
        await using var origin = new RawOrigin(async c =>
        {
            if (await c.ReadHeadAsync() is null) return;
            await c.SendAsync(answer);
            c.Socket.Shutdown(SocketShutdown.Send);
            await c.WaitForCloseAsync();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        return await RawClient.AskAsync(edge.EndPoint, request);
    }

    public static readonly TheoryData<string, string> Invalid = new()
    {
        { "both lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!" },
        { "length is not a number", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello" },
        { "signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello" },
        { "unknown encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello" },
        { "chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "not HTTP", "SSH-2.0-OpenSSH\r\n\r\n" },
        { "HTTP/2", "HTTP/2 200\r\n\r\n" },
        { "status of two digits", "HTTP/1.1 20 OK\r\n\r\n" },
        { "status 999", "HTTP/1.1 999 What\r\n\r\n" },
        { "upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" },
        { "no colon", "HTTP/1.1 200 OK\r\nNonsense\r\n\r\n" },
        { "folded header", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n" },
        { "response splitting", "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n" },
        { "control character", "HTTP/1.1 200 OK\r\nA: b\u0001\r\n\r\n" },
        { "head cut off", "HTTP/1.1 200 OK\r\nA: b\r\n" },
        { "nothing at all", "" },
        { "large head", $"HTTP/1.1 200 OK\r\nA: {new string('a', 100_000)}\r\n\r\n" },
        { "many headers", $"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Range(0, 500).Select(i => $"H{i}: x\r\n"))}\r\n" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task Answer_Invalid_Is502(string what, string answer)
    {
        var seen = await AskAsync(answer);
        Assert.True(seen.StartsWith("HTTP/1.1 502 ", StringComparison.Ordinal), $"{what}: {seen}");
        Assert.Contains("ANSWER_BROKEN", seen, StringComparison.Ordinal);
        Assert.Contains("strata logs app", seen, StringComparison.Ordinal);
    }

    public static readonly TheoryData<string, string, string> Valid = new()
    {
        { "interim answers first",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok" },
        { "until close", "HTTP/1.1 200 OK\r\n\r\nok", "2\r\nok\r\n0\r\n\r\n" },
        { "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok" },
        { "bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok" },
        { "no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok" },
        { "equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok", "ok" },
        { "blanks around values", "HTTP/1.1 200 OK\r\nContent-Length: \t 2 \r\n\r\nok", "ok" },
        { "chunks with extensions and trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\no\r\n1\r\nk\r\n0\r\nX-Trailer: y\r\n\r\n", "2\r\nok\r\n0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public async Task Answer_OddButValid_ComesThrough(string what, string answer, string body)
    {
        var seen = await AskAsync(answer);
        Assert.True(seen.StartsWith("HTTP/1.1 200 OK\r\n", StringComparison.Ordinal), $"{what}: {seen}");
        Assert.EndsWith("\r\n\r\n" + body, seen);
        Assert.DoesNotContain("Early", seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")]
    public async Task Answer_BrokenInItsBody_CutsTheClientOff(string answer)
    {
        var seen = await AskAsync(answer);
        Assert.DoesNotContain("\r\n0\r\n\r\n", seen, StringComparison.Ordinal); // a line of its own: an id in the head may end in 0
        Assert.DoesNotContain("HTTP/1.1 502", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_WithBytesLeftOver_DoesNotReachTheNextRequest()
    {
        await using var origin = new RawOrigin(async c =>
        {
            while (await c.ReadHeadAsync() is not null)
                await c.SendAsync(
                    $"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{c.Number}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 1; i <= 5; i++) Assert.Equal($"{i}", await client.GetStringAsync("/"));
        Assert.Equal(5, origin.Connections);
    }

    [Fact]
    public async Task Answer_FollowedLaterByBytesNobodyAskedFor_DoesNotReachTheNextRequest()
    {
        using SemaphoreSlim answered = new(0), poisoned = new(0);
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{c.Number}");
            await answered.WaitAsync(c.Stopping);
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
            poisoned.Release();
            await c.WaitForCloseAsync();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        Assert.Equal("1", await client.GetStringAsync("/"));
        answered.Release();
        await poisoned.WaitAsync();
        // Before a request that cannot be repeated the edge looks at the connection itself; before another it goes by what it has been told
        // of it, which may be a moment old.
        using var answer = await client.PostAsync("/", new StringContent("x"));
        Assert.Equal("2", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Connection_KeptAlive_IsUsedAgain()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 0; i < 20; i++) Assert.Equal("ok", await client.GetStringAsync("/"));
        Assert.Equal(1, origin.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    public async Task Connection_ThatTheInstanceGivesUp_IsNotUsedAgain(string answer)
    {
        await using var origin = RawOrigin.Answering(answer);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 0; i < 3; i++) Assert.Equal("ok", await client.GetStringAsync("/"));
        Assert.Equal(3, origin.Connections);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Connection_ClosedWhileIdle_IsReplacedForEveryMethod(string method)
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        for (var i = 0; i < 5; i++)
        {
            using var response = await client.SendAsync(
                new HttpRequestMessage(new HttpMethod(method), "/") { Content = method == "POST" ? new StringContent("x") : null });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var answered = i + 1;
            await Wait.UntilAsync(() => origin.Closed == answered, "the instance has closed");
        }
        Assert.Equal(5, origin.Connections);
    }

    [Theory]
    [InlineData("GET", 200)]
    [InlineData("PUT", 200)]
    [InlineData("POST", 502)]
    public async Task Connection_ThatDiesWithTheRequest_IsRepeatedOnlyWhenHarmless(string method, int status)
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await c.ReadHeadAsync(); // the second request on a connection arrives, and is not answered
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient();
        Assert.Equal("ok", await client.GetStringAsync("/"));

        using var response = await client.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), "/") { Content = method == "GET" ? null : new StringContent("body") });

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Instance_ThatRefusesConnections_IsPassedOverForEveryMethod()
    {
        var free = FreeEndPoint();
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var edge = await TestEdge.StartAsync(
            TestEdge.TableOf(free, origin.EndPoint), 
            o => o with { Upstream = o.Upstream with { EjectMin = TimeSpan.FromMinutes(5), EjectMax = TimeSpan.FromMinutes(5) } });
        using var client = edge.CreateClient();
        for (var i = 0; i < 30; i++)
        {
            using var response = await client.PostAsync("/", null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        Assert.Contains("strata.edge.instances{state=\"resting\"} 1\n", edge.ReadMetrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_ThatComesBack_GetsRequestsAgain()
    {
        var place = FreeEndPoint();
        await using var edge = await TestEdge.BeforeAsync(
            place, o =>
                o with { Upstream = o.Upstream with { EjectMax = TimeSpan.FromMilliseconds(200),
                    EjectMin = TimeSpan.FromMilliseconds(100) } });
        using var client = edge.CreateClient();
        for (var i = 0; i < 3; i++)
        {
            using var refused = await client.GetAsync("/");
            Assert.Equal((503, 2.0), ((int)refused.StatusCode, refused.Headers.RetryAfter?.Delta?.TotalSeconds));
            Assert.Contains("INSTANCE_UNREACHABLE", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        using var listener = new TcpListener(place);
        listener.Start();
        var asked = client.GetAsync("/");
        using var socket = await listener.AcceptSocketAsync();
        await socket.ReceiveAsync(new byte[4096]);
        await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        using var response = await asked;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Instance_ThatNeverAnswers_Is504()
    {
        await using var origin = new RawOrigin(c => c.WaitForCloseAsync());
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, o => o with { Upstream = o.Upstream with { AnswerTimeout = TimeSpan.FromMilliseconds(300) } });

        var answer = await RawClient.AskAsync(edge.EndPoint, Get);

        Assert.StartsWith("HTTP/1.1 504 ", answer);
        Assert.Contains("ANSWER_TIMEOUT", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_ThatStallsInItsBody_CutsTheClientOff()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
            await c.WaitForCloseAsync();
        });
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, o => o with { Upstream = o.Upstream with { BodyIdleTimeout = TimeSpan.FromMilliseconds(300) } });

        var answer = await RawClient.AskAsync(edge.EndPoint, Get);

        Assert.DoesNotContain("504", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_BeforeTheUploadEnds_ReachesTheClient()
    {
        await using var origin = new RawOrigin(async c =>
        {
            await c.ReadHeadAsync();
            await c.SendAsync("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
            await c.WaitForCloseAsync();
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1000000\r\n\r\nsome of it");

        Assert.StartsWith("HTTP/1.1 401 ", await client.ReadUntilAsync("\r\n\r\nno"));
    }

    [Fact]
    public async Task Pool_Exhausted_QueuesAndThenRefuses()
    {
        var release = new TaskCompletionSource();
        await using var origin = new RawOrigin(async c =>
        {
            while (await c.ReadHeadAsync() is not null)
            {
                await release.Task;
                await c.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, o =>
                o with { Upstream = o.Upstream with { ConnectionsMax = 2, WaitersMax = 3, WaitTimeout = TimeSpan.FromSeconds(60) } });
        using var client = edge.CreateClient();
        var asked = Enumerable.Range(0, 8).Select(_ => client.GetAsync("/")).ToList();
        await Wait.UntilAsync(() => asked.Count(t => t.IsCompleted) == 3, "three are refused");
        release.SetResult();
        var statuses = (await Task.WhenAll(asked)).GroupBy(r => (int)r.StatusCode).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(5, statuses[200]);
        Assert.Equal(3, statuses[503]);
        Assert.Equal(2, origin.Connections);
    }

    private static IPEndPoint FreeEndPoint()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
