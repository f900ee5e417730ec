using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Strata.Api.Docs;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>The reference at /docs comes whole from the server, and so does the page of each error.</summary>
public sealed partial class DocsTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private HttpClient http = null!; // without a token: the reference is open

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = new HttpClient { BaseAddress = host.Address };
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Docs_LoadsOnlyFromThisServer_AndInNoFrame()
    {
        using var page = await http.GetAsync("/docs", TestContext.Current.CancellationToken);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("connect-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", page.Headers.GetValues("X-Frame-Options").Single());
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var links = Link().Matches(html).Select(m => m.Groups[1].Value).Where(l => l != "data:,").ToArray();
        Assert.Superset(
            new HashSet<string> { "/docs/assets/scalar.js", "/docs/assets/docs.js", "/docs/assets/docs.css" }, links.ToHashSet());
        foreach (var link in links)
        {
            Assert.StartsWith("/", link, StringComparison.Ordinal);
            using var asset = await http.GetAsync(link, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, asset.StatusCode);
        }
        var start = await http.GetStringAsync("/docs/assets/docs.js", TestContext.Current.CancellationToken);
        Assert.Contains("/openapi.json", start, StringComparison.Ordinal);
        Assert.DoesNotContain("://", start, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/docs", HttpStatusCode.OK)]
    [InlineData("/openapi.json", HttpStatusCode.OK)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/docs/errors/NOPE", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/projects", HttpStatusCode.MethodNotAllowed)]
    public async Task Head_OfAnOpenPage_IsItsGetWithoutABody(string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var head = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        // The connection is still in step: the body of an answer to HEAD would be read as the next answer.
        Assert.Equal("""{"status":"ok"}""", await http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK, "Strata API")]
    [InlineData("/docs/errors/NOPE%3Cb%3E", HttpStatusCode.NotFound, "There is no error <code>NOPE&lt;b&gt;</code>.")]
    public async Task Browser_GetsAPage(string path, HttpStatusCode expected, string content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        using var page = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((expected, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        Assert.Contains(content, await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assets_CompressedOrNot_AreTheSame_AndAreCached()
    {
        using var zipped = new HttpClient(
            new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip }) { BaseAddress = host.Address };
        var script = await http.GetByteArrayAsync("/docs/assets/scalar.js", TestContext.Current.CancellationToken);
        Assert.True(script.Length > 100_000, $"{script.Length} bytes");
        Assert.Equal(script, await zipped.GetByteArrayAsync("/docs/assets/scalar.js", TestContext.Current.CancellationToken));
        using var first = await http.GetAsync("/docs/assets/docs.css", TestContext.Current.CancellationToken);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/docs/assets/docs.css");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var cached = await http.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, cached.StatusCode);
        Assert.Equal("NOT_FOUND", (await http.SendJsonAsync("GET", "/docs/assets/nope.js")).Code);
    }

    /// <summary>Each connection would hold a copy of it otherwise, and they need no token.</summary>
    [Fact]
    public async Task Assets_ThatManyReadSlowly_AreNotCopiedForEach()
    {
        Assert.NotEmpty(await http.GetByteArrayAsync("/docs/assets/scalar.js", TestContext.Current.CancellationToken));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var readers = new List<Socket>();
        try
        {
            for (var i = 0; i < 40; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                readers.Add(socket);
                await socket.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
                await socket.SendAsync(
                    Encoding.ASCII.GetBytes($"GET /docs/assets/scalar.js HTTP/1.1\r\nHost: {host.Address.Authority}\r\n\r\n"));
                await socket.ReceiveAsync(new byte[64]); // it has begun to answer
            }
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 40L << 20);
        }
        finally
        {
            readers.ForEach(r => r.Dispose());
        }
    }

    [Fact]
    public async Task Problem_HasATypeThatLeadsToItsPage()
    {
        var problem = await http.SendJsonAsync("GET", "/api/v1/projects");
        Assert.Equal((401, "/docs/errors/UNAUTHORIZED"), (problem.Status, problem.Text("type")));
        var error = await http.SendJsonAsync("GET", problem.Text("type"));
        Assert.Equal((200, "UNAUTHORIZED", 401), (error.Status, error.Code, error.Body.GetProperty("status").GetInt32()));
        Assert.Contains("strata token", error.Text("action"), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, problem.Text("type"));
        request.Headers.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        using var page = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<h1>UNAUTHORIZED</h1>", html, StringComparison.Ordinal);
        Assert.Contains("<code>strata token</code>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_ListsEachDocumentedCode_AndNoOther()
    {
        var all = (await http.SendJsonAsync("GET", "/docs/errors")).Body.GetProperty("items").EnumerateArray().ToArray();
        Assert.True(all.Length > 150, $"{all.Length} codes");
        Assert.Equal(ErrorCatalog.All.Select(e => e.Path), all.Select(e => e.GetProperty("type").GetString()!));
        Assert.DoesNotContain(all, e => e.GetRawText().Contains("](", StringComparison.Ordinal)); // links of Markdown
        Assert.Equal((404, "NOT_FOUND"), Refusal(await http.SendJsonAsync("GET", "/docs/errors/NO_SUCH_CODE")));
    }

    private static (int, string?) Refusal(JsonAnswered answer) => (answer.Status, answer.Code);

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Link();
}
