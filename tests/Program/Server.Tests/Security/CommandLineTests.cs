using System.Net;
using System.Net.Sockets;
using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>What the command line prints of others, and to whom it sends the token of this machine.</summary>
public sealed class CommandLineTests(SecurityClouds clouds)
{
    /// <summary>A resource as an answer has it, with something else in each place.</summary>
    private const string Item = """
        {"id":"prj_00000000000000000000000000","kind":"project","name":"EVIL","org":"EVIL","project":"EVIL","state":"EVIL","revision":1,
        "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","updatedBy":"EVIL","transition":"EVIL","labels":{"EVIL":"EVIL"},
        "spec":{"EVIL":"EVIL"},"status":{"message":"EVIL","url":"EVIL"}}
        """;

    [Fact]
    public async Task Server_OfAnotherAddress_GetsNoToken()
    {
        var cloud = await clouds.InProcessAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var heard = HearAsync(listener);
        await cloud.RunAsync("get", "projects", "--server", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        var request = await heard;
        Assert.Contains("GET /api/v1", request, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", request, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("stk_", request, StringComparison.Ordinal);
    }

    /// <summary>
    /// The server that the token is for is hostile: what it says cannot steer the terminal, and the token follows no redirect.
    /// </summary>
    [Theory]
    [InlineData("get projects")]
    [InlineData("get projects -o json")]
    [InlineData("get projects -o yaml")]
    [InlineData("describe project/x")]
    [InlineData("history project/x")]
    [InlineData("logs x")]
    [InlineData("search x")]
    [InlineData("model list")]
    [InlineData("status")]
    [InlineData("compute")]
    [InlineData("api GET /api/v1/projects")]
    public async Task Answers_OfAHostileServer_SteerNoTerminalAndTakeNoTokenElsewhere(string command)
    {
        var cloud = await clouds.InProcessAsync();
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        var target = $"http://127.0.0.1:{((IPEndPoint)elsewhere.LocalEndpoint).Port}/stolen";
        const string evil = "\\u001b]52;c;ZXZpbA==\\u0007\\u001b[2J\\u009b31mx\\rfake";
        var item = Item.Replace("EVIL", evil, StringComparison.Ordinal);
        string[] answers =
        [
            Answer("200 OK", "application/json", $$"""{"items":[{{item}}],"nextCursor":null}"""), Answer("200 OK", "application/json", item),
            Answer("200 OK", "application/x-ndjson", $$"""{"position":1,"at":"2026-01-01T00:00:00Z","source":"{{evil}}","text":"{{evil}}"}""" + "\n"),
            Answer("400 Bad Request", "application/problem+json", $$"""{"code":"{{evil}}","detail":"{{evil}}","next":"{{evil}}","requestId":"{{evil}}","errors":[{"field":"{{evil}}","message":"{{evil}}"}]}"""),
            Answer("200 OK", "application/json", $"\"{evil}\""), Answer("302 Found", "text/plain", "", $"Location: {target}\r\n"),
            Answer("307 Temporary Redirect", "text/plain", "", $"Location: {target}\r\n"),
            "HTTP/1.1 200 \u001b[2J\r\nX: \u001b]0;t\u0007\r\n\r\n\u001b[2J",
        ];
        await Parallel.ForEachAsync(answers, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (answer, _) =>
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var serving = ServeAsync(listener, answer);
            var variables = new Dictionary<string, string> { ["STRATA_URL"] =
                $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", ["STRATA_TOKEN"] = "stk_secret" };
            var result = await cloud.RunAsync(variables, command.Split(' '));
            listener.Stop();
            await serving;
            Assert.DoesNotContain(result.Output + result.Error, c => char.IsControl(c) && c is not ('\n' or '\t'));
            Assert.DoesNotContain("stk_secret", result.Output + result.Error, StringComparison.Ordinal);
        });
        Assert.False(elsewhere.Pending());
    }

    /// <summary>A body that never ends is given up at the client's bound.</summary>
    [Fact]
    public async Task Answer_WithoutEnd_IsGivenUp()
    {
        var cloud = await clouds.InProcessAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(
            listener, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[", isEndless: true);
        var variables = new Dictionary<string, string> { ["STRATA_URL"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            ["STRATA_TOKEN"] = "stk_secret" };
        var result = await cloud.RunAsync(variables, "get", "projects");
        listener.Stop();
        await serving;
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ANSWER_TOO_LARGE", result.Error, StringComparison.Ordinal);
    }

    private static string Answer(string status, string type, string body, string more = "") =>
        $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\n{more}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    /// <summary>The same answer to every connection, until the listener stops.</summary>
    private static async Task ServeAsync(TcpListener listener, string answer, bool isEndless = false)
    {
        var piece = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
        while (true)
        {
            try
            {
                using var peer = await listener.AcceptTcpClientAsync();
                await using var stream = peer.GetStream();
                await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(answer));
                while (isEndless) await stream.WriteAsync(piece);
            }
            catch (IOException)
            {
                // The client has had enough.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Status_WithATokenThatIsNotAccepted_ShowsTheCloudAndNamesTheToken()
    {
        var cloud = await clouds.InProcessAsync();
        var status = await cloud.RunAsAsync("stk_gone", "status");
        Assert.Contains("PART", status.Output);
        Assert.Contains("does not accept the token in the variable STRATA_TOKEN", status.Error);
        Assert.Contains("unset STRATA_TOKEN", status.Error);
        Assert.DoesNotContain("does not answer", status.Error);
    }

    private static async Task<string> HearAsync(TcpListener listener)
    {
        using var peer = await listener.AcceptTcpClientAsync();
        await using var stream = peer.GetStream();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0) break;
            request.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        return request.ToString();
    }
}
