using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>What an ordinary application and ordinary clients see, over HTTP/1.1 and HTTP/2.</summary>
public class ForwardingTests
{
    public static readonly TheoryData<string> Versions = ["1.1", "2.0"];

    /// <summary>Answers with what it was asked, as JSON.</summary>
    private static Task EchoAsync(HttpContext context) => context.Response.WriteAsJsonAsync(new
    {
        method = context.Request.Method,
        target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget,
        headers = context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()),
    });

    private static async Task<JsonElement> AskAsync(
        TestEdge edge, string version, Action<HttpRequestMessage>? with = null, string target = "/a%20b?x=1&y=%2F")
    {
        using var client = edge.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(
            HttpMethod.Get, target) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        with?.Invoke(request);
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Version.Parse(version), response.Version);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Request_Plain_ArrivesWithTargetHostAndForwardedHeaders(string version)
    {
        await using var origin = await WebOrigin.StartAsync(EchoAsync);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var seen = await AskAsync(edge, version, r =>
        {
            r.Headers.Add("X-Forwarded-For", "6.6.6.6");
            r.Headers.Add("X-Forwarded-Proto", "https");
            r.Headers.Add("X-Forwarded-Host", "evil.example");
            r.Headers.Add("Forwarded", "for=6.6.6.6");
            r.Headers.Add("X-Real-IP", "6.6.6.6");
            r.Headers.Add("X-Own", "kept");
        });

        var headers = seen.GetProperty("headers");
        Assert.Equal("/a%20b?x=1&y=%2F", seen.GetProperty("target").GetString());
        Assert.Equal("app.localhost", headers.GetProperty("host").GetString());
        Assert.Equal("127.0.0.1", headers.GetProperty("x-forwarded-for").GetString());
        Assert.Equal("http", headers.GetProperty("x-forwarded-proto").GetString());
        Assert.Equal("app.localhost", headers.GetProperty("x-forwarded-host").GetString());
        Assert.Equal("kept", headers.GetProperty("x-own").GetString());
        Assert.Equal(20, headers.GetProperty("x-request-id").GetString()!.Length);
        Assert.False(headers.TryGetProperty("forwarded", out _));
        Assert.False(headers.TryGetProperty("x-real-ip", out _));
    }

    [Fact]
    public async Task Request_FromTrustedProxy_KeepsWhatItSays()
    {
        await using var origin = await WebOrigin.StartAsync(EchoAsync);
        await using var edge = await TestEdge.BeforeAsync(
            origin.EndPoint, o => o with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });

        var headers = (await AskAsync(edge, "1.1", r =>
        {
            r.Headers.Add("X-Forwarded-For", "10.1.2.3");
            r.Headers.Add("X-Forwarded-Proto", "https");
            r.Headers.Add("X-Forwarded-Host", "shop.example");
        })).GetProperty("headers");

        Assert.Equal("10.1.2.3, 127.0.0.1", headers.GetProperty("x-forwarded-for").GetString());
        Assert.Equal("https", headers.GetProperty("x-forwarded-proto").GetString());
        Assert.Equal("shop.example", headers.GetProperty("x-forwarded-host").GetString());
    }

    [Fact]
    public async Task Headers_OfTheHop_EndAtTheEdgeBothWays()
    {
        await using var origin = RawOrigin.Answering(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nServer: secret/1\r\nVia: 1.1 secret\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(edge.EndPoint,
            "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close, X-Named\r\nX-Named: 1\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: trailers\r\nTrailer: x\r\nHTTP2-Settings: x\r\nX-Kept: 2\r\n\r\n");

        var sent = Assert.Single(origin.Requests);
        foreach (var name in new[] { "X-Named", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE:", "Trailer", "HTTP2-Settings",
            "Connection" })
            Assert.DoesNotContain(name, sent, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Kept: 2", sent, StringComparison.Ordinal);
        foreach (var name in new[] { "X-Mine", "Keep-Alive", "Proxy-Authenticate", "Server:", "Via:" })
            Assert.DoesNotContain(name, answer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Kept: 1", answer, StringComparison.Ordinal);
        Assert.Contains("X-Request-Id: ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_RepeatedAndBeyondAscii_PassUnchanged()
    {
        await using var origin = RawOrigin.Answering(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Text: caf\u00e9\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(edge.EndPoint,
            "GET / HTTP/1.1\r\nHost: app.localhost\r\nX-Text: \u00e9t\u00e9\r\nX-Many: 1\r\nX-Many: 2\r\nConnection: close\r\n\r\n");

        var sent = Assert.Single(origin.Requests);
        Assert.Contains("X-Text: \u00e9t\u00e9\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("X-Many: 1\r\nX-Many: 2\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("X-Text: caf\u00e9\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_SplitByHttp2_AreOneLineForTheInstance()
    {
        await using var origin = await WebOrigin.StartAsync(EchoAsync);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var headers = (await AskAsync(edge, "2.0", r => r.Headers.Add("Cookie", ["a=1", "b=2"]))).GetProperty("headers");

        Assert.Equal("a=1; b=2", headers.GetProperty("cookie").GetString());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Bodies_LargeBothWays_ArriveUnchanged(string version)
    {
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            if (c.Request.Headers["X-Sized"].Count > 0) c.Response.ContentLength = c.Request.ContentLength;
            await c.Request.Body.CopyToAsync(c.Response.Body);
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient(Version.Parse(version));
        foreach (var size in new[] { 0, 1, 1000, 8191, 8192, 8193, 40_000, 3_000_000 })
        {
            var body = Seeded.Bytes(size);
            foreach (var sized in new[] { true, false })
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Post, "/echo") { Content = sized ? new ByteArrayContent(body) : new StreamContent(new UnsizedStream(body)),
                    Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                if (sized) request.Headers.Add("X-Sized", "1");
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                var back = await response.Content.ReadAsByteArrayAsync();
                Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), Convert.ToHexString(SHA256.HashData(back)));
                if (sized) Assert.Equal(size, response.Content.Headers.ContentLength);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Statuses_WithoutBody_ComeThrough(string version)
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            c.Response.StatusCode = int.Parse(c.Request.Path.Value![1..], System.Globalization.CultureInfo.InvariantCulture);
            c.Response.Headers.ETag = "\"e\"";
            return Task.CompletedTask;
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient(Version.Parse(version));
        foreach (var status in new[] { 200, 204, 205, 301, 304, 404, 500, 503 })
        {
            using var response = await client.GetAsync($"/{status}");
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal("\"e\"", response.Headers.ETag?.Tag);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Head_WithLength_HasNoBodyAndConnectionLives(string version)
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            c.Response.ContentLength = 1234;
            return c.Request.Method == "HEAD" ? Task.CompletedTask : c.Response.WriteAsync(new string('x', 1234));
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient(Version.Parse(version));
        for (var i = 0; i < 3; i++)
        {
            using var head = await client.SendAsync(
                new HttpRequestMessage(HttpMethod.Head, "/") { Version = Version.Parse(version),
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact });
            Assert.Equal(1234, head.Content.Headers.ContentLength);
            Assert.Equal(1234, (await client.GetStringAsync("/")).Length);
        }
    }

    [Fact]
    public async Task Expect100_Request_IsToldToContinueOnlyWhenAnInstanceIsThere()
    {
        await using var origin = new RawOrigin(async c =>
        {
            var head = await c.ReadHeadAsync();
            Assert.DoesNotContain("Expect", head, StringComparison.OrdinalIgnoreCase);
            var body = await c.ReadBodyAsync(5);
            await c.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n{body}");
        });
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = await RawClient.ConnectAsync(edge.EndPoint);

        await client.SendAsync(
            "POST / HTTP/1.1\r\nHost: app.localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("hello");

        Assert.EndsWith("hello", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Expect100_UnknownHost_IsAnsweredWithoutContinue()
    {
        await using var edge = await TestEdge.StartAsync(TableSnapshot.Empty);

        var answer = await RawClient.AskAsync(
            edge.EndPoint, "POST / HTTP/1.1\r\nHost: nobody\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer);
    }

    [Fact]
    public async Task AbsoluteTarget_Request_ArrivesInOriginForm()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        await RawClient.AskAsync(
            edge.EndPoint, "GET http://app.localhost/a?b HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
        await RawClient.AskAsync(edge.EndPoint, "OPTIONS * HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("GET /a?b HTTP/1.1\r\nHost: app.localhost\r\n", origin.Requests.First());
        Assert.StartsWith("OPTIONS * HTTP/1.1\r\n", origin.Requests.Last());
    }

    [Fact]
    public async Task Http10_Client_GetsAnUnchunkedAnswer()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);

        var answer = await RawClient.AskAsync(edge.EndPoint, "GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n");

        Assert.EndsWith("\r\n\r\nhello", answer);
        Assert.DoesNotContain("chunked", answer, StringComparison.Ordinal);
    }

    /// <summary>A stream of unknown length, so that the client sends chunks.</summary>
    private sealed class UnsizedStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
