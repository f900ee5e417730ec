using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Client.Tests;

/// <summary>A server whose feed is cut off: each connection gets the next of the answers.</summary>
public sealed class FeedTests : IAsyncLifetime
{
    private static readonly ClientOptions Eager =
        new() { BackOff = TimeSpan.FromMilliseconds(20), BackOffMax = TimeSpan.FromMilliseconds(200), RetriesMax = 0 };

    private readonly ConcurrentQueue<Func<HttpContext, Task>> answers = [];
    private readonly ConcurrentQueue<string> asked = [];
    private WebApplication app = null!;
    private int read;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(http =>
        {
            asked.Enqueue(http.Request.Query["from"].ToString());
            return answers.TryDequeue(out var answer) ? answer(http) : throw new InvalidOperationException("This request is not expected.");
        });
        await app.StartAsync();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task Feed_ThatIsCutOff_ResumesBehindTheLastPosition_UntilTheTokenIsRevoked()
    {
        foreach (var answer in new[] { Lines(true, Ping(4), Change(5)), Lines(false, Ping(5), Change(6)), Refusal(503), Refusal(401) })
            answers.Enqueue(answer);
        using var client = Client(Eager);
        var (seen, errors) = (new List<long?>(), new List<Error>());
        var e = await Assert.ThrowsAsync<StrataException>(async () =>
        {
            await foreach (var line in Counted(client.FeedAsync(follow: true, onError: errors.Add))) seen.Add(FeedLine.Read(line).Position);
        });
        Assert.Equal(ErrorKind.Unauthenticated, e.Error.Kind);
        Assert.Equal([4, 5, 5, 6], seen);
        Assert.Equal(["", "5", "6", "6"], asked);
        Assert.Equal(3, errors.Count);
    }

    [Fact]
    public async Task Feed_ThatIsNotResumedInTime_ThrowsWhatFailed()
    {
        answers.Enqueue(Lines(true, Ping(4)));
        using var client = Client(Eager with { ResumeMax = TimeSpan.Zero });
        var e = await Assert.ThrowsAsync<StrataException>(async () => await Counted(client.FeedAsync(follow: true)).CountAsync());
        Assert.Equal(ClientErrors.ConnectionLost, e.Error.Code);
    }

    [Fact]
    public async Task Feed_WhoseFirstConnectionFails_Throws()
    {
        answers.Enqueue(Refusal(503));
        using var client = Client(Eager);
        await Assert.ThrowsAsync<StrataException>(async () => await client.FeedAsync(from: 3, follow: true).CountAsync());
        Assert.Equal(["3"], asked);
    }

    [Fact]
    public async Task Feed_UpToNow_IsReadToItsEnd()
    {
        foreach (var answer in new[] { Lines(false, Change(1), Ping(1)), Lines(false, Change(2), End(2)) }) answers.Enqueue(answer);
        using var client = Client(Eager);
        Assert.Equal(4, await client.FeedAsync().CountAsync());
        Assert.Equal(["", "1"], asked);
    }

    [Theory]
    [InlineData("""{"type":"change","position":7,"entity":{"position":1}}""", 7, false)]
    [InlineData("""{"entity":{"position":1,"type":"ping"},"position":7,"type":"ping"}""", 7, false)]
    [InlineData("""{"type":"ping","position":7,"end":true}""", 7, true)]
    [InlineData("""{"type":"change","position":7,"end":true}""", 7, false)]
    [InlineData("""{"type":"ping"}""", null, false)]
    public void FeedLine_Read_TakesTheMembersOfTheLineItself(string line, int? position, bool isEnd) =>
        Assert.Equal(new FeedLine(position, isEnd), FeedLine.Read(JsonText.FromString(line)));

    private static string Ping(long position) => $$"""{"type":"ping","position":{{position}}}""";

    private static string End(long position) => $$"""{"type":"ping","position":{{position}},"end":true}""";

    private static string Change(long position) => $$"""{"type":"change","position":{{position}}}""";

    private async IAsyncEnumerable<JsonText> Counted(IAsyncEnumerable<JsonText> feed)
    {
        await foreach (var line in feed)
        {
            Interlocked.Increment(ref read);
            yield return line;
        }
    }

    /// <param name="isCut">The connection is reset, once the client has read the lines: what it has not read would be lost with it.</param>
    private Func<HttpContext, Task> Lines(bool isCut, params string[] lines) => async http =>
    {
        var before = Volatile.Read(ref read);
        foreach (var line in lines) await http.Response.WriteAsync(line + "\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        if (!isCut) return;
        await Wait.UntilAsync(() => Volatile.Read(ref read) == before + lines.Length, "the client has read what was sent");
        http.Abort();
    };

    private static Func<HttpContext, Task> Refusal(int status) => http =>
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private StrataClient Client(ClientOptions options) => new(new Uri(app.Urls.First()), "stk_x", options);
}
