using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Peers;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests;

/// <summary>A user's request on its way over the hop: bodies, headers and slowness.</summary>
public sealed class PeerForwardingTests : TwoServers
{
    private const string Joined = "second.0123456789abcdef";

    private readonly FakeTime manual = new();
    private readonly TaskCompletionSource ended = new();
    private readonly TaskCompletionSource<int> readsLeft = new();

    /// <summary>What ends a connection, such as a user who does not read, ends all requests on it.</summary>
    [Fact]
    public async Task RequestsOfUsers_AndTheServersOwnCalls_ShareNoConnection()
    {
        var principal = new Principal { Tenant = first.OtherOrg, Actor = "system:compute", Grants = [] };
        var (own, passed) = (new HashSet<string>(), new HashSet<string>());
        using var http = first.Client();
        http.DefaultRequestHeaders.Add("X-Tx-Token", Joined);
        for (var i = 0; i < 3; i++)
        {
            using var answer = (await first.Services.GetRequiredService<PeerClient>()
                .SendAsync(SecondPeer, "GET", "/internal/connection", principal, null, [], default)).Value;
            own.Add(Encoding.UTF8.GetString((await answer.ReadAsync(100, default)).Value));
            passed.Add(await http.GetStringAsync("/connection"));
        }
        Assert.Single(own);
        Assert.Single(passed);
        Assert.NotEqual(own, passed);
    }

    [Fact]
    public async Task UserWhoReadsTooSlowly_IsDisconnectedHere()
    {
        using var slow = await OpenAsync("GET", "/slow");
        await Wait.UntilAsync(() =>
        {
            manual.Advance(TimeSpan.FromSeconds(31));
            return ended.Task.IsCompleted;
        }, "the second is told that nobody reads");
    }

    [Fact]
    public async Task BodyThatIsStillComing_IsLetGo_WhenTheAnswerIsThere()
    {
        using var user = await OpenAsync("POST", "/early", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n");
        Assert.Contains(" 200 ", await ReadHeadAsync(user), StringComparison.Ordinal);
        Assert.Equal(0, await readsLeft.Task);
    }

    [Fact]
    public async Task Body_IsNotSentTwice()
    {
        var http = new DefaultHttpContext();
        http.Request.Body = new MemoryStream("hello"u8.ToArray());
        using var body = new UserBody(http.Request, default);
        var sent = new MemoryStream();
        await body.CopyToAsync(sent);
        Assert.Equal("hello", Encoding.UTF8.GetString(sent.ToArray()));
        var again = await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(sent));
        Assert.True(again is IOException or { InnerException: IOException }, again.ToString());
        await body.EndedAsync();
        using var unused = new UserBody(http.Request, default);
        await unused.EndedAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => unused.CopyToAsync(sent)); // the request is over
    }

    [Theory, InlineData("fffffffffffffffff\r\nx"), InlineData("zz\r\nx")]
    public async Task ChunkThatIsNone_Is400_AlsoOverAHop(string chunk)
    {
        using var user = await OpenAsync("POST", "/echo", "Transfer-Encoding: chunked\r\n", chunk);
        Assert.Contains(" 400 ", await ReadHeadAsync(user), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_ThatEndpointsRead_ArePassedOn_AndOthersAreNot()
    {
        using var http = first.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/headers?x=" + new string('x', 7000));
        request.Content = new StringContent("x");
        request.Content.Headers.ContentEncoding.Add("br");
        request.Headers.TryAddWithoutValidation("X-Tx-Token", Joined);
        request.Headers.TryAddWithoutValidation("If-Match", "\"7\"");
        for (var i = 0; i < 85; i++) request.Headers.TryAddWithoutValidation($"X-Other-{i}", new string('y', 200));
        using var parent = new Activity("client").SetIdFormat(ActivityIdFormat.W3C).Start();
        using var answer = await http.SendAsync(request);
        var names = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, names);
        foreach (var name in (string[])["If-Match=\"7\"", "Content-Encoding=br", "Content-Type=text/plain", "X-Tx-Token",
            parent.TraceId.ToHexString()])
            Assert.Contains(name, names, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Other", names, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task HeaderBeyondAscii_ArrivesAsItIs()
    {
        using var user = await OpenAsync("POST", "/headers", "If-Match: \"\u00fc\"\r\nContent-Length: 0\r\n");
        using var reader = new StreamReader(user.GetStream(), Encoding.UTF8);
        var text = "";
        while (!text.Contains("If-Match", StringComparison.Ordinal) && await reader.ReadLineAsync() is { } line) text += line;
        Assert.Contains("If-Match=\"\u00fc\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnswerThatBreaksBeforeItsFirstByte_IsUnavailable_WithoutTheOthersHeaders()
    {
        using var http = first.Client();
        http.DefaultRequestHeaders.Add("X-Tx-Token", Joined);
        using var answer = await http.GetAsync("/breaks");
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.False(answer.Headers.Contains("X-Of-Second"));
        Assert.Single(answer.Headers.GetValues("X-Request-Id"));
        Assert.Contains("PEER_UNAVAILABLE", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>A request of a user who reads only what the test reads.</summary>
    private async Task<TcpClient> OpenAsync(string method, string path, string headers = "", string body = "")
    {
        var user = new TcpClient { ReceiveBufferSize = 16 << 10 };
        await user.ConnectAsync("127.0.0.1", first.Address.Port);
        var head =
            $"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {first.AdminToken}\r\nX-Tx-Token: {Joined}\r\n{headers}\r\n";
        await user.GetStream().WriteAsync(Encoding.UTF8.GetBytes(head + body));
        return user;
    }

    private static async Task<string> ReadHeadAsync(TcpClient user)
    {
        using var reader = new StreamReader(user.GetStream(), leaveOpen: true);
        return await reader.ReadLineAsync() ?? "";
    }

    private protected override void Map(WebApplication app, string name)
    {
        var isSecond = name == "second";
        app.MapGet("/internal/connection", (HttpContext http) => http.Connection.Id).ForPeersOnly();
        app.MapGet("/connection", (HttpContext http) => http.Connection.Id).Requires("widgets.write").JoinsTransactions();
        var slow = app.MapGet("/slow", isSecond ? SendLargeAsync : ForwardSlowAsync).Requires("widgets.write");
        if (isSecond) slow.JoinsTransactions();
        var early = app.MapPost("/early", isSecond ? () => "early" : ForwardEarlyAsync).Requires("widgets.write");
        if (isSecond) early.JoinsTransactions();
        app.MapPost("/echo", async (HttpContext http) => await new StreamReader(http.Request.Body).ReadToEndAsync())
            .Requires("widgets.write").JoinsTransactions();
        app.MapPost("/headers", (HttpContext http) => string.Join('\n', http.Request.Headers.Select(h => $"{h.Key}={h.Value}")))
            .Requires("widgets.write").JoinsTransactions();
        app.MapGet("/breaks", async (HttpContext http) =>
        {
            http.Response.Headers["X-Of-Second"] = "1";
            await http.Response.StartAsync();
            http.Abort();
        }).Requires("widgets.write").JoinsTransactions();
    }

    /// <summary>Of a stream that has ended, the next write either throws or reports so, whichever thread comes first.</summary>
    private async Task SendLargeAsync(HttpContext http)
    {
        try
        {
            for (var i = 0; i < 4096; i++)
            {
                if ((await http.Response.BodyWriter.WriteAsync(new byte[16 << 10], http.RequestAborted)).IsCompleted) ended.TrySetResult();
            }
        }
        catch (OperationCanceledException)
        {
            ended.TrySetResult();
        }
    }

    /// <summary>With a clock of the test, so that all of its waits end when the test says so.</summary>
    private async Task ForwardSlowAsync(HttpContext http)
    {
        var client = first.Services.GetRequiredService<PeerClient>();
        Assert.Null(await new PeerForwarder(client, manual).ForwardAsync(http, SecondPeer));
    }

    private async Task ForwardEarlyAsync(HttpContext http)
    {
        var body = new CountedReads(http.Request.Body);
        http.Request.Body = body;
        await first.Services.GetRequiredService<PeerForwarder>().ForwardAsync(http, SecondPeer);
        readsLeft.TrySetResult(body.Pending);
    }

    /// <summary>Counts reads that have not returned.</summary>
    private sealed class CountedReads(Stream inner) : MemoryStream
    {
        private int pending;

        public int Pending => Volatile.Read(ref pending);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref pending);
            try
            {
                return await inner.ReadAsync(buffer, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref pending);
            }
        }
    }
}
