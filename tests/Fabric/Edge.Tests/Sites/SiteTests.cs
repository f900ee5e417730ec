using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Sites;

/// <summary>A static site from the control plane's blobs to a browser.</summary>
public class SiteTests : IAsyncLifetime
{
    private static readonly string LongCss = string.Concat(Enumerable.Range(0, 500).Select(i => $".c{i} {{ color: red }}\n"));
    private static readonly string Large = new('x', 600_000);

    private readonly TempFolder folder = new();
    private FakeApi api = null!;
    private TestEdge edge = null!;
    private HttpClient client = null!;
    private string image = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync(tellsReady: false);
        image = api.PutImage(
            ("./index.html", "<h1>home</h1>"), ("style.css", LongCss), ("docs/index.html", "docs"), ("about.html", "about"),
            ("404.html", "<h1>lost</h1>"),
            ("assets/index-BcD3f_9a.js", "let x"), ("data-v2.json", "{}"), ("large.bin", Large), ("a b/ü.txt", "spaced"),
            (".env", "SECRET"), (".git/config", "SECRET"),
            (".well-known/x", "known"), ("../escape.txt", "SECRET"), ("/etc/absolute.txt", "inside"), ("link.txt", "-> /etc/passwd"),
            ("config.php", "SECRET"), ("app/main.py", "SECRET"), ("strata.yaml", "SECRET"), ("config.php.bak", "SECRET"));
        edge = await TestEdge.StartAsync(Table(image), o => o with { ApiUrl = api.Url, ApiToken = "edge-token", DataFolder = folder.Path });
        client = edge.CreateClient();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await edge.DisposeAsync();
        await api.DisposeAsync();
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private static TableSnapshot Table(string image, string path = "/") =>
        new([TestEdge.Route(path: path) with { Targets = [new TargetRecord("rel_1", 1, image)] }], []);

    private async Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request);
    }

    [Theory]
    [InlineData("/", "<h1>home</h1>", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/?x=1", "<h1>home</h1>", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/index.html", "<h1>home</h1>", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/docs/", "docs", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/about", "about", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/data-v2.json", "{}", "application/json", "no-cache")]
    [InlineData("/assets/index-BcD3f_9a.js", "let x", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable")]
    [InlineData("/a%20b/%C3%BC.txt", "spaced", "text/plain; charset=utf-8", "no-cache")]
    [InlineData("/.well-known/x", "known", "application/octet-stream", "no-cache")]
    [InlineData("/docs/../about", "about", "text/html; charset=utf-8", "no-cache")]
    [InlineData("/etc/absolute.txt", "inside", "text/plain; charset=utf-8", "no-cache")]
    public async Task File_OfTheSite_IsServedWithTypeAndCaching(string path, string body, string type, string caching)
    {
        using var response = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(caching.Split(", ").Order(), response.Headers.CacheControl!.ToString().Split(", ").Order());
        Assert.Equal("bytes", response.Headers.AcceptRanges.ToString());
        Assert.NotNull(response.Headers.ETag);
        Assert.Equal(DateTimeOffset.Parse("2026-01-02T03:04:05Z", System.Globalization.CultureInfo.InvariantCulture),
            response.Content.Headers.LastModified);
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/.env")]
    [InlineData("/.git/config")]
    [InlineData("/link.txt")]
    [InlineData("/escape.txt")]
    [InlineData("/../escape.txt")]
    [InlineData("/..%2fescape.txt")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/docs/..%5c..%5cescape.txt")]
    [InlineData("/assets/")]
    [InlineData("/assets")]
    [InlineData("/Index.html")]
    [InlineData("/docs/index.html/")]
    [InlineData("//index.html")]
    [InlineData("/config.php")]
    [InlineData("/config.php.bak")]
    [InlineData("/app/main.py")]
    [InlineData("/strata.yaml")]
    public async Task Path_ThatIsNotOfTheSite_GetsItsOwn404(string path)
    {
        var answer = await RawClient.AskAsync(edge.EndPoint, $"GET {path} HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", answer);
        Assert.EndsWith("<h1>lost</h1>", answer);
        Assert.DoesNotContain("SECRET", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/docs", "/docs/")]
    [InlineData("/docs?a=b", "/docs/?a=b")]
    public async Task Folder_WithoutItsSlash_IsRedirected(string path, string location)
    {
        using var response = await GetAsync(path);
        Assert.Equal(HttpStatusCode.PermanentRedirect, response.StatusCode);
        Assert.Equal(location, response.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData("//docs")]
    [InlineData("/\\evil.example/../docs")]
    [InlineData("//evil.example/../docs")]
    public async Task Redirect_OfAStrangePath_NeverLeavesTheHost(string path)
    {
        var answer = await RawClient.AskAsync(edge.EndPoint, $"GET {path} HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
        Assert.DoesNotContain("Location: //", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Location: /\\", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("br, gzip", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, BR", "br")]
    [InlineData("br;q=0, gzip;q=0.5", "gzip")]
    [InlineData("br;q=0.000", null)]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task Encoding_IsChosenAndHasItsOwnTag(string? accept, string? encoding)
    {
        using var response = accept is null ? await GetAsync("/style.css") : await GetAsync("/style.css", ("Accept-Encoding", accept));
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.FirstOrDefault());
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        Assert.Equal(LongCss, Decode(body, encoding));
        if (encoding is not null)
        {
            Assert.True(body.Length < LongCss.Length / 2);
            Assert.EndsWith($"-{encoding}\"", response.Headers.ETag!.Tag);
        }
    }

    [Fact]
    public async Task Conditions_ByTagAndByTime_AreHonoured()
    {
        using var first = await GetAsync("/style.css", ("Accept-Encoding", "br"));
        var tag = first.Headers.ETag!.Tag;
        foreach (var (headers, status) in new ((string, string)[], HttpStatusCode)[]
        {
            ([("If-None-Match", tag), ("Accept-Encoding", "br")], HttpStatusCode.NotModified),
            ([("If-None-Match", $"\"x\", W/{tag}"), ("Accept-Encoding", "br")], HttpStatusCode.NotModified),
            ([("If-None-Match", "*")], HttpStatusCode.NotModified),
            ([("If-None-Match", tag)], HttpStatusCode.OK),
            ([("If-None-Match", "\"x\""), ("If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT")], HttpStatusCode.OK),
            ([("If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT")], HttpStatusCode.NotModified),
            ([("If-Modified-Since", "Sat, 03 Jan 2026 03:04:05 GMT")], HttpStatusCode.OK),
            ([("If-Modified-Since", "nonsense")], HttpStatusCode.OK),
            ([("If-Match", "\"x\"")], HttpStatusCode.PreconditionFailed),
        })
        {
            using var response = await GetAsync("/style.css", headers);
            Assert.True(status == response.StatusCode, $"{string.Join(" ", headers)}: {response.StatusCode}");
            if (status != HttpStatusCode.OK) Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("bytes=0-4", 206, "bytes 0-4/600000", 5)]
    [InlineData("bytes=599990-", 206, "bytes 599990-599999/600000", 10)]
    [InlineData("bytes=-3", 206, "bytes 599997-599999/600000", 3)]
    [InlineData("bytes=-999999999", 206, "bytes 0-599999/600000", 600_000)]
    [InlineData("bytes=599999-700000", 206, "bytes 599999-599999/600000", 1)]
    [InlineData("bytes=600000-", 416, "bytes */600000", 0)]
    [InlineData("bytes=-0", 416, "bytes */600000", 0)]
    [InlineData("bytes=5-2", 200, null, 600_000)]
    [InlineData("bytes=0-1,3-4", 200, null, 600_000)]
    [InlineData("lines=0-1", 200, null, 600_000)]
    [InlineData("bytes=x", 200, null, 600_000)]
    public async Task Range_IsCutOrAnsweredAsAWhole(string range, int status, string? contentRange, int length)
    {
        foreach (var path in new[] { "/large.bin" })
        {
            using var response = await GetAsync(path, ("Range", range));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
            Assert.Equal(length, (await response.Content.ReadAsByteArrayAsync()).Length);
        }
    }

    [Fact]
    public async Task Range_OfASmallFileAndIfRange_AreRight()
    {
        using var part = await GetAsync("/style.css", ("Range", "bytes=1-3"), ("Accept-Encoding", "br"));
        Assert.Equal(LongCss[1..4], await part.Content.ReadAsStringAsync());
        Assert.Empty(part.Content.Headers.ContentEncoding);
        using var same = await GetAsync("/style.css", ("Range", "bytes=1-3"), ("If-Range", part.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.PartialContent, same.StatusCode);
        using var other = await GetAsync("/style.css", ("Range", "bytes=1-3"), ("If-Range", "\"other\""));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Methods_OtherThanGetAndHead_AreNotAllowed()
    {
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/large.bin"));
        Assert.Equal(600_000, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        using var post = await client.PostAsync("/", new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Equal(["GET", "HEAD"], post.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task Site_UnderAPath_IsServedFromItsRoot()
    {
        edge.Server.Apply(Table(image, "/site/"));
        using var home = await GetAsync("/site/");
        Assert.Equal("<h1>home</h1>", await home.Content.ReadAsStringAsync());
        using var redirect = await GetAsync("/site");
        Assert.Equal("/site/", redirect.Headers.Location!.ToString());
        using var docs = await GetAsync("/site/docs");
        Assert.Equal("/site/docs/", docs.Headers.Location!.ToString());
        using var outside = await GetAsync("/docs/");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
    }

    [Fact]
    public async Task Fetch_WhileManyWait_HappensOnce()
    {
        Assert.Equal("<h1>home</h1>", await client.GetStringAsync("/"));
        var open = new TaskCompletionSource();
        var other = api.PutImage(("index.html", "other"));
        var before = api.BlobRequests;
        api.BlobsOpen = open.Task;
        edge.Server.Apply(Table(other));
        var asked = Enumerable.Range(0, 20).Select(_ => client.GetStringAsync("/")).ToList();
        await Wait.UntilAsync(() => api.BlobRequests > before, "the fetch has begun");
        open.SetResult();
        Assert.All(await Task.WhenAll(asked), body => Assert.Equal("other", body));
        Assert.Equal(3, api.BlobRequests - before);
    }

    [Fact]
    public async Task Image_ThatArrivesDamaged_IsNotServed()
    {
        var other = api.PutImage(("index.html", "other"));
        api.CorruptBlob(api.LayerOf(other));
        edge.Server.Apply(Table(other));
        using var response = await GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("SITE_UNAVAILABLE", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateDirectories(Path.Combine(folder.Path, "sites")), d => d.Contains(other[7..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Site_AfterARestartWithoutControlPlane_IsStillThere()
    {
        Assert.Equal("<h1>home</h1>", await client.GetStringAsync("/"));
        await using var second = await TestEdge.StartAsync(Table(image), o => o with { DataFolder = folder.Path });
        using var again = second.CreateClient();
        Assert.Equal("<h1>home</h1>", await again.GetStringAsync("/"));
    }

    private static string Decode(byte[] body, string? encoding)
    {
        using Stream plain = encoding switch
        {
            "br" => new BrotliStream(new MemoryStream(body), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(body), CompressionMode.Decompress),
            _ => new MemoryStream(body),
        };
        using var reader = new StreamReader(plain, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
