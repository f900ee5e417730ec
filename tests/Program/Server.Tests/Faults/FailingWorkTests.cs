using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Strata.Server.Options;

namespace Strata.Server.Tests.Faults;

/// <summary>Background work that throws, inside the whole product: it is restarted and shown, and nothing else ends.</summary>
public sealed class FailingWorkTests : IAsyncLifetime
{
    private readonly string root = Path.Combine(
        Path.GetTempPath(), $"strata-work-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
    private StrataServer server = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(root); // PostgreSQL's user must be able to enter it
        var options = new ServerOptions
        {
            Home = new HomeLayout(root), Listen = IPAddress.Loopback, ApiPort = FreePort.Next(), HttpPort = FreePort.Next(),
            EdgeMode = EdgeMode.Off, Agent = false,
        };
        options.Home.Create();
        server = await StrataServer.StartAsync(options, null, null, TimeProvider.System, default);
        http = new HttpClient { BaseAddress = options.ApiUrl, Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken);
    }

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        if (server is not null)
        {
            await server.StopAsync(keepWork: false);
            await server.DisposeAsync();
        }
        Folder.Delete(root);
    }

    [Fact]
    public async Task Exception_InBackgroundWork_LeavesWatchesAndRpcAlive()
    {
        using var watch = await FollowAsync("/api/v1/projects?watch=true");
        await using var failing = server.Supervisor.Start("test-failing", (_, _) => throw new FormatException("a null layer in an image"));
        await Wait.UntilAsync(
            () => server.Status() is { Ok: false } s
                && s.Background.Any(w => w is { Name: "test-failing", Failing: 1, Restarts: >= 2 }), "it fails again and again");
        var status = await http.GetFromJsonAsync<JsonElement>("/api/v1/status");
        Assert.Contains("an unexpected error", status.GetProperty("background").ToString()); // its own text is for the log

        Assert.False(server.Failed.IsCancellationRequested);
        await watch.SeesAsync(
            "after-the-failure", () => http.PostAsJsonAsync("/api/v1/projects", new { name = "after-the-failure", spec = new { } }));
        using var fresh = await FollowAsync("/api/v1/projects?watch=true");
        await fresh.SeesAsync("later-still", () => http.PostAsJsonAsync("/api/v1/projects", new { name = "later-still", spec = new { } }));
        Assert.Equal("0", await RpcHealthAsync());
        Assert.True(server.Status().Parts.Single(p => p.Name == "api").Ok);
    }

    [Fact]
    public async Task HostThatStopsUnasked_IsNoticed_AndTheProcessIsToEnd()
    {
        server.StopHostUnasked();
        await Wait.UntilAsync(() => server.Failed.IsCancellationRequested, "the server says that it has failed");
        Assert.Contains(server.Status().Parts, p => p is { Name: "api", Ok: false });
    }

    private async Task<Following> FollowAsync(string path)
    {
        var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        return new Following(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    /// <returns>The status of gRPC, from the trailer.</returns>
    private async Task<string> RpcHealthAsync()
    {
        var body = new ByteArrayContent(new byte[5]); // an empty message
        body.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body,
        };
        using var answer = await http.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        return answer.TrailingHeaders.Concat(answer.Headers).First(h => h.Key == "grpc-status").Value.Single();
    }

    /// <summary>A stream of events that stays open.</summary>
    private sealed record Following(HttpResponseMessage Answer, StreamReader Reader) : IDisposable
    {
        public async Task SeesAsync(string text, Func<Task<HttpResponseMessage>> act)
        {
            using (var done = await act()) done.EnsureSuccessStatusCode();
            using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await Reader.ReadLineAsync(timer.Token) is { } line)
            {
                if (line.Contains(text, StringComparison.Ordinal)) return;
            }
            Assert.Fail($"The stream ended before it showed {text}.");
        }

        public void Dispose()
        {
            Reader.Dispose();
            Answer.Dispose();
        }
    }
}
