using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Client.Tests;

/// <summary>A server that answers without end, or sends the client elsewhere.</summary>
public sealed class HostileServerTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(300);

    private readonly ClientOptions options = new() { AnswerBytesMax = 1 << 20, PieceBytesMax = 1 << 20, RetriesMax = 0 };
    private WebApplication app = null!;
    private StrataClient client = null!;
    private int redirected;
    private int refused;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Limits.MinRequestBodyDataRate = null); // sources pause here
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        client = new StrataClient(new Uri(app.Urls.First()), "stk_secret", options);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.DisposeAsync();
    }

    [Theory]
    [InlineData("/endless")]
    [InlineData("/endless-failure")]
    public async Task Answer_WithoutEnd_IsRefused(string path) =>
        Assert.Equal(ClientErrors.AnswerTooLarge, (await FailureAsync(() => client.SendBytesAsync(HttpMethod.Get, path))).Code);

    [Fact]
    public async Task Line_WithoutEnd_IsRefused() => Assert.Equal(
        ClientErrors.AnswerTooLarge,
        (await FailureAsync(async () => await client.LinesAsync(new ApiRequest(HttpMethod.Get, "/endless")).CountAsync())).Code);

    [Fact]
    public async Task Event_WithoutEnd_IsRefused() =>
        Assert.Equal(
            ClientErrors.AnswerTooLarge, (await FailureAsync(async () => await client.EventsAsync("/endless-event").CountAsync())).Code);

    [Fact]
    public async Task Lines_ManyShortOnes_PassTheBoundOfOne() =>
        Assert.Equal(100_000, await client.LinesAsync(new ApiRequest(HttpMethod.Get, "/lines")).CountAsync());

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await FailureAsync(() => client.SendBytesAsync(HttpMethod.Get, "/redirect"));
        Assert.Equal(0, redirected);
    }

    /// <summary>The answer says that it may be tried again, but not whether the first try had an effect.</summary>
    [Theory, InlineData("PUT", true, 1), InlineData("PATCH", true, 1), InlineData("PUT", false, 2), InlineData("GET", true, 2)]
    public async Task Refused_IsTriedAgain_ButNoWriteInATransaction(string method, bool isJoined, int tries)
    {
        using var http = new HttpClient { BaseAddress = client.Address };
        var transport = new Transport(http, options with { RetriesMax = 1 });
        var call = new Call(new HttpMethod(method), "/refused") { JoinToken = isJoined ? "second.secret" : null };
        Assert.Equal("PEER_UNAVAILABLE", (await FailureAsync(() => transport.SendAsync(call, default))).Code);
        Assert.Equal(tries, refused);
    }

    [Theory]
    [InlineData("/silent")]
    [InlineData("/silent-body")]
    [InlineData("/silent-failure")]
    public async Task Answer_ThatNeverComes_TimesOutForEveryKindOfCall(string path)
    {
        using var hasty = new StrataClient(client.Address, "stk_secret", options with { CallTimeout = Soon, SilenceMax = Soon });
        var get = new ApiRequest(HttpMethod.Get, path);
        Func<Task>[] calls =
        [
            async () => await ReadAllAsync(await hasty.DownloadAsync(path)), async () => await hasty.LinesAsync(get).CountAsync(),
            async () => await hasty.EventsAsync(path).CountAsync(), () => hasty.SendAsync(get),
            () => hasty.UploadAsync(HttpMethod.Post, path, new MemoryStream([1]), "text/plain"),
        ];
        foreach (var call in calls) Assert.Equal(ClientErrors.ServerTimeout, (await FailureAsync(call)).Code);
    }

    /// <summary>The paths that clients build themselves: every one of them is silent here.</summary>
    [Fact]
    public async Task BlobsAndLogs_OfASilentServer_TimeOut()
    {
        using var hasty = new StrataClient(
            new Uri(client.Address, "/"), "stk_secret", options with { CallTimeout = Soon, SilenceMax = Soon });
        var digest = "sha256:" + new string('0', 64);
        Func<Task>[] calls =
        [
            async () => await ReadAllAsync(await hasty.GetBlobAsync(digest)), () => hasty.PutBlobAsync(digest, new MemoryStream([1])),
            async () => await hasty.LogsAsync("releases", "silent").CountAsync(),
            async () => await hasty.LogsAsync("releases", "silent", new LogQuery { Follow = true }).CountAsync(),
        ];
        foreach (var call in calls) Assert.Equal(ClientErrors.ServerTimeout, (await FailureAsync(call)).Code);
    }

    [Fact]
    public async Task FollowedLog_ThatIsQuiet_StaysOpen()
    {
        using var hasty = new StrataClient(client.Address, "stk_secret", options with { SilenceMax = TimeSpan.FromMilliseconds(50) });
        Assert.Equal("late", (await hasty.LogsAsync("releases", "quiet", new LogQuery { Follow = true }).SingleAsync()).Text);
    }

    [Fact]
    public async Task Upload_ThatMovesForLongerThanTheLimit_IsNotCutOff()
    {
        using var hasty = new StrataClient(client.Address, "stk_secret", options with { CallTimeout = TimeSpan.FromSeconds(3) });
        await hasty.UploadAsync(HttpMethod.Post, "/taken", new SlowStream(pieces: 14, pause: TimeSpan.FromMilliseconds(300)), "text/plain");
    }

    [Fact]
    public async Task Upload_WhoseAnswerTakesLongByNature_IsWaitedFor()
    {
        using var hasty = new StrataClient(client.Address, "stk_secret", options with { CallTimeout = Soon });
        await hasty.UploadAsync(HttpMethod.Post, "/taken-late", new MemoryStream([1]), "text/plain", patience: TimeSpan.FromMinutes(5));
        var error = await FailureAsync(
            () => hasty.UploadAsync(HttpMethod.Post, "/silent", new MemoryStream([1]), "text/plain", patience: Soon));
        Assert.Equal(ClientErrors.ServerTimeout, error.Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Upload_WhoseSourcePauses_IsNotBlamedOnTheServer(int piecesBefore)
    {
        using var hasty = new StrataClient(client.Address, "stk_secret", options with { CallTimeout = TimeSpan.FromSeconds(1) });
        var source = new SlowStream(piecesBefore + 1, pause: TimeSpan.FromSeconds(2.5));
        await hasty.UploadAsync(HttpMethod.Post, "/taken", source, "text/plain", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task List_WhosePagesNameTheSameNext_IsRefused()
    {
        var error = await FailureAsync(async () => await client.Resources("circles").ListAsync().CountAsync());
        Assert.Equal(ClientErrors.UnexpectedAnswer, error.Code);
        Assert.Equal(ClientErrors.UnexpectedAnswer,
            (await FailureAsync(async () => await client.Resources("circles").HistoryAsync("a").CountAsync())).Code);
    }

    private static async Task ReadAllAsync(Stream body)
    {
        await using (body) await body.CopyToAsync(Stream.Null);
    }

    private static async Task<Error> FailureAsync(Func<Task> work) => (await Assert.ThrowsAsync<StrataException>(work)).Error;

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path == "/elsewhere") Interlocked.Increment(ref redirected);
        if (path == "/refused") await RefuseAsync(http);
        if (path == "/redirect") http.Response.Redirect("/elsewhere");
        if (path == "/endless-failure") http.Response.StatusCode = (int)HttpStatusCode.BadRequest;
        if (path == "/endless-event") await http.Response.WriteAsync("data: ", http.RequestAborted);
        if (path == "/lines")
            await http.Response.WriteAsync(string.Concat(Enumerable.Repeat("{\"some\":\"short line\"}\n", 100_000)), http.RequestAborted);
        if (path == "/taken") await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
        if (path == "/taken-late") await Task.Delay(Soon * 5, http.RequestAborted);
        if (path.StartsWith("/api/v1/circles", StringComparison.Ordinal)) await http.Response.WriteAsync("""{"items":[],"nextCursor":"again"}""", http.RequestAborted);
        if (path.EndsWith("/quiet/logs", StringComparison.Ordinal)) await AnswerLateAsync(http);
        if (path.Contains("silent", StringComparison.Ordinal) || path.StartsWith("/api/v1/blobs", StringComparison.Ordinal))
            await StaySilentAsync(http, path);
        var piece = new byte[64 * 1024];
        Array.Fill(piece, (byte)'x');
        while (path.StartsWith("/endless", StringComparison.Ordinal) && !http.RequestAborted.IsCancellationRequested)
            await http.Response.Body.WriteAsync(piece, http.RequestAborted);
    }

    private async Task RefuseAsync(HttpContext http)
    {
        Interlocked.Increment(ref refused);
        http.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
        http.Response.ContentType = "application/problem+json";
        await http.Response.WriteAsync("""{"status":503,"code":"PEER_UNAVAILABLE","detail":"No.","properties":{"retryable":true}}""", http.RequestAborted);
    }

    private static async Task AnswerLateAsync(HttpContext http)
    {
        await http.Response.StartAsync(http.RequestAborted);
        await Task.Delay(500, http.RequestAborted); // ten times as long as other streams may be silent
        await http.Response.WriteAsync("""{"position":1,"at":"2026-01-01T00:00:00Z","source":"a","text":"late"}""" + "\n", http.RequestAborted);
    }

    private static async Task StaySilentAsync(HttpContext http, string path)
    {
        if (path == "/silent-failure") http.Response.StatusCode = (int)HttpStatusCode.BadRequest;
        if (path is "/silent-failure" or "/silent-body") await http.Response.StartAsync(http.RequestAborted);
        await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private sealed class SlowStream(int pieces, TimeSpan pause) : MemoryStream
    {
        private int left = pieces;

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (left-- == 0) return 0;
            await Task.Delay(pause, cancellationToken);
            buffer.Span[0] = 1;
            return 1;
        }
    }
}
