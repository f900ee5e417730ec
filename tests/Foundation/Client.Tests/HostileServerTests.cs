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
    private readonly ClientOptions options = new() { AnswerBytesMax = 1 << 20, PieceBytesMax = 1 << 20, RetriesMax = 0 };
    private WebApplication app = null!;
    private StrataClient client = null!;
    private int redirected;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
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
        ClientErrors.AnswerTooLarge, (await FailureAsync(async () => await client.LinesAsync(new ApiRequest(HttpMethod.Get, "/endless")).CountAsync())).Code);

    [Fact]
    public async Task Event_WithoutEnd_IsRefused() =>
        Assert.Equal(ClientErrors.AnswerTooLarge, (await FailureAsync(async () => await client.EventsAsync("/endless-event").CountAsync())).Code);

    [Fact]
    public async Task Lines_ManyShortOnes_PassTheBoundOfOne() =>
        Assert.Equal(100_000, await client.LinesAsync(new ApiRequest(HttpMethod.Get, "/lines")).CountAsync());

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await FailureAsync(() => client.SendBytesAsync(HttpMethod.Get, "/redirect"));
        Assert.Equal(0, redirected);
    }

    private static async Task<Error> FailureAsync(Func<Task> work) => (await Assert.ThrowsAsync<StrataException>(work)).Error;

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path == "/elsewhere") Interlocked.Increment(ref redirected);
        if (path == "/redirect") http.Response.Redirect("/elsewhere");
        if (path == "/endless-failure") http.Response.StatusCode = (int)HttpStatusCode.BadRequest;
        if (path == "/endless-event") await http.Response.WriteAsync("data: ", http.RequestAborted);
        if (path == "/lines") await http.Response.WriteAsync(string.Concat(Enumerable.Repeat("{\"some\":\"short line\"}\n", 100_000)), http.RequestAborted);
        var piece = new byte[64 * 1024];
        Array.Fill(piece, (byte)'x');
        while (path.StartsWith("/endless", StringComparison.Ordinal) && !http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(piece, http.RequestAborted);
    }
}
