using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>Answers of instances, compressed for clients that take it; each coding is read by a decoder that is not the edge's.</summary>
public class CompressionTests
{
    private static readonly string Long = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i * 7919 % 1000} of a text\n"));

    private static async Task<TestEdge> BeforeAsync(
        WebOrigin origin, Func<RouteRecord, RouteRecord>? route = null, Func<EdgeOptions, EdgeOptions>? with = null)
    {
        var record = TestEdge.Route() with { Compress = true };
        return await TestEdge.StartAsync(
            new TableSnapshot([route?.Invoke(record) ?? record], [TestEdge.Instance(origin.EndPoint)]), with);
    }

    /// <summary>The text in one piece of known length, in chunks, or until the connection closes.</summary>
    private static Task<WebOrigin> OriginAsync() => WebOrigin.StartAsync(async c =>
    {
        var bytes = Encoding.UTF8.GetBytes(Long);
        c.Response.ContentType = "text/plain; charset=utf-8";
        c.Response.Headers.ETag = "\"v1\"";
        c.Response.Headers.AcceptRanges = "bytes";
        if (c.Request.Path == "/known") c.Response.ContentLength = bytes.Length;
        if (c.Request.Path == "/close") c.Response.Headers.Connection = "close";
        if (c.Request.Method == "HEAD") return;
        for (var at = 0; at < bytes.Length; at += 10_000)
        {
            await c.Response.Body.WriteAsync(bytes.AsMemory(at, Math.Min(10_000, bytes.Length - at)));
            if (c.Request.Path != "/known") await c.Response.Body.FlushAsync();
        }
    });

    [Theory]
    [InlineData("/known", "gzip", "gzip")]
    [InlineData("/chunks", "gzip, deflate", "gzip")]
    [InlineData("/close", "gzip;q=0.5", "gzip")]
    [InlineData("/known", "gzip, deflate, br", "br")]
    [InlineData("/chunks", "br", "br")]
    [InlineData("/known", "gzip, deflate, br, zstd", "zstd")]
    [InlineData("/chunks", "zstd", "zstd")]
    [InlineData("/known", "zstd;q=0, br", "br")]
    [InlineData("/known", "zstd;q=0;x=1, br;x=1;q=0.0, gzip", "gzip")]
    [InlineData("/known", "identity", null)]
    [InlineData("/known", "deflate", null)]
    [InlineData("/known", null, null)]
    public async Task Answer_HasTheBestCodingThatTheClientTakes(string path, string? accept, string? expected)
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin);
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var client = edge.CreateClient(version);
            using var answer = await SendAsync(client, HttpMethod.Get, path, accept);
            Assert.Equal(expected is null ? [] : [expected], answer.Content.Headers.ContentEncoding);
            Assert.Equal(["Accept-Encoding"], answer.Headers.Vary);
            Assert.Equal(expected is null ? "\"v1\"" : $"\"v1~{expected}\"", answer.Headers.ETag!.ToString());
            Assert.Equal(expected is null, answer.Headers.AcceptRanges.Count > 0);
            var sent = await answer.Content.ReadAsByteArrayAsync();
            if (expected is not null) Assert.InRange(sent.Length, 1, Long.Length / 3);
            Assert.Equal(Long, Decode(sent, expected));
        }
    }

    [Theory]
    [InlineData("image/png", 5000, 200, null, null)]
    [InlineData("text/html", 1000, 200, null, null)] // tiny
    [InlineData("text/html", 5000, 200, "Cache-Control", "public, no-transform")]
    [InlineData("text/html", 5000, 200, "Content-Encoding", "gzip")] // by the application
    [InlineData("text/html", 5000, 206, "Content-Range", "bytes 0-4999/9000")]
    [InlineData("text/event-stream", 5000, 200, null, null)]
    [InlineData("text/html", 5000, 200, "Content-Digest", "sha-256=:AAAA:")]
    [InlineData(null, 5000, 200, null, null)]
    public async Task Answer_IsPassedOnAsItIs(string? type, int length, int status, string? header, string? value)
    {
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            c.Response.StatusCode = status;
            c.Response.ContentType = type;
            if (header is not null) c.Response.Headers[header] = value;
            c.Response.ContentLength = length;
            await c.Response.WriteAsync(new string('a', length));
        });
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, HttpMethod.Get, "/", "gzip, br, zstd");
        Assert.Equal(length, (await answer.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(length, answer.Content.Headers.ContentLength);
        Assert.Equal(header == "Content-Encoding" ? ["gzip"] : [], answer.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Route_ThatIsNotToCompress_DoesNot()
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, r => r with { Compress = false });
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, HttpMethod.Get, "/known", "gzip");
        Assert.Empty(answer.Content.Headers.ContentEncoding);
        Assert.Empty(answer.Headers.Vary);
    }

    [Fact]
    public async Task Head_SaysWhatGetWould()
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, HttpMethod.Head, "/known", "br");
        Assert.Equal(["br"], answer.Content.Headers.ContentEncoding);
        Assert.Null(answer.Content.Headers.ContentLength);
    }

    /// <summary>What the application has sent is with the client before the next piece comes.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task Piece_IsPassedOnAtOnce(string coding)
    {
        var received = new SemaphoreSlim(0);
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            c.Response.ContentType = "application/json";
            for (var i = 0; i < 3; i++)
            {
                await c.Response.WriteAsync($"{{\"piece\":{i}}}\n");
                await c.Response.Body.FlushAsync();
                Assert.True(await received.WaitAsync(TimeSpan.FromSeconds(30)));
            }
        });
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var request = Request(HttpMethod.Get, "/", coding);
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(Decoder(await answer.Content.ReadAsStreamAsync(), coding));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal($"{{\"piece\":{i}}}", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
            received.Release();
        }
        Assert.Null(await reader.ReadLineAsync());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task BodyThatBreaksOff_IsNotEnded(string coding)
    {
        var received = new TaskCompletionSource();
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/plain";
            await c.Response.WriteAsync(Long[..5000]);
            await c.Response.Body.FlushAsync();
            await received.Task;
            c.Abort();
        });
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var request = Request(HttpMethod.Get, "/", coding);
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal([coding], answer.Content.Headers.ContentEncoding);
        received.SetResult();
        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>Tags of compressed answers lead back to those that the application has given; its own weak ones stay.</summary>
    [Theory]
    [InlineData("If-Match", "\"v1~br\", \"v2\"", "\"v1\", \"v2\"")]
    [InlineData("If-None-Match", "\"v1~gzip\"", "\"v1\"")]
    [InlineData("If-None-Match", "W/\"v1~zstd\"", "W/\"v1\"")]
    [InlineData("If-Match", "W/\"42\"", "W/\"42\"")]
    [InlineData("If-Match", "\"kJ3sW/\"", "\"kJ3sW/\"")]
    [InlineData("If-Match", "*", "*")]
    public async Task Condition_ReachesTheInstanceWithItsOwnTags(string name, string sent, string expected)
    {
        await using var origin = await WebOrigin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers[name].ToString()));
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation(name, sent);
        using var answer = await client.SendAsync(request);
        Assert.Equal(expected, await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("\"v1~gzip\"", "\"v1~gzip\"")]
    [InlineData("\"v1\"", "\"v1\"")]
    public async Task NotModified_NamesWhatTheClientHas(string condition, string expected)
    {
        await using var origin = await WebOrigin.StartAsync(c =>
        {
            Assert.Equal("\"v1\"", c.Request.Headers.IfNoneMatch);
            c.Response.Headers.ETag = "\"v1\"";
            c.Response.StatusCode = 304;
            return Task.CompletedTask;
        });
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        using var request = Request(HttpMethod.Get, "/", "gzip");
        request.Headers.TryAddWithoutValidation("If-None-Match", condition);
        using var answer = await client.SendAsync(request);
        Assert.Equal((HttpStatusCode.NotModified, expected), (answer.StatusCode, answer.Headers.ETag?.ToString()));
    }

    /// <summary>Nothing is something in each coding.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task EmptyBody_CanBeDecoded(string coding)
    {
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/plain";
            await c.Response.Body.FlushAsync(); // in chunks
        });
        await using var edge = await BeforeAsync(origin);
        using var client = edge.CreateClient();
        for (var i = 0; i < 3; i++)
        {
            using var answer = await SendAsync(client, HttpMethod.Get, "/", coding);
            Assert.Equal([coding], answer.Content.Headers.ContentEncoding);
            var sent = await answer.Content.ReadAsByteArrayAsync();
            Assert.NotEmpty(sent);
            Assert.Equal("", Decode(sent, coding));
        }
    }

    [Fact]
    public async Task HeadersOfTheRoute_KeepWhatTheAnswerDependsOn()
    {
        await using var origin = await OriginAsync();
        await using var edge = await BeforeAsync(origin, r => r with { Headers = new Dictionary<string, string> { ["Vary"] = "Origin" } });
        using var client = edge.CreateClient();
        using var answer = await SendAsync(client, HttpMethod.Get, "/known", "gzip");
        Assert.Equal(["Origin", "Accept-Encoding"], answer.Headers.Vary);
    }

    [Fact]
    public async Task MoreThanSoManyAtATime_ArePassedOnAsTheyAre()
    {
        var release = new TaskCompletionSource();
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/plain";
            await c.Response.WriteAsync("first");
            await c.Response.Body.FlushAsync();
            await release.Task;
        });
        await using var edge = await BeforeAsync(origin, with: o => o with { Limits = o.Limits with { CompressionsMax = 2 } });
        using var client = edge.CreateClient();
        var codings = new List<int>();
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
        {
            using var request = Request(HttpMethod.Get, "/", "gzip");
            answers.Add(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
            codings.Add(answers[^1].Content.Headers.ContentEncoding.Count);
        }
        Assert.Equal([1, 1, 0], codings);
        release.SetResult();
        foreach (var answer in answers)
        {
            await answer.Content.ReadAsByteArrayAsync();
            answer.Dispose();
        }
        await Wait.UntilAsync(async () =>
        {
            using var again = await SendAsync(client, HttpMethod.Get, "/", "gzip");
            return again.Content.Headers.ContentEncoding.Count == 1;
        }, "there is room again", 30);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string? accept)
    {
        using var request = Request(method, path, accept);
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        return await client.SendAsync(request);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? accept)
    {
        var request = new HttpRequestMessage(method, path);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        return request;
    }

    private static string Decode(byte[] bytes, string? coding)
    {
        using var reader = new StreamReader(Decoder(new MemoryStream(bytes), coding));
        return reader.ReadToEnd();
    }

    private static Stream Decoder(Stream body, string? coding) => coding switch
    {
        "gzip" => new GZipStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(body),
        _ => body,
    };
}
