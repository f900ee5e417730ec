using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>The edge as a process of its own, in the inline mode.</summary>
public sealed class InlineEdgeTests : IAsyncLifetime
{
    private const string Secret = "hunter2-of-the-server";

    private static readonly Dictionary<string, string> Secrets =
        new() { ["STRATA_TOKEN"] = Secret, ["AWS_SECRET_ACCESS_KEY"] = Secret, ["GITHUB_TOKEN"] = Secret };

    private readonly Cloud cloud = new();

    public async ValueTask InitializeAsync() => (await cloud.RunAsync(
        Secrets, "up", "-d", "--no-restart", "--api-port", $"{cloud.ApiPort}", "--http-port", $"{cloud.HttpPort}", "--edge-mode", "inline"))
            .ShouldSucceed();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Edge_Killed_ComesBackAndServes()
    {
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
        var before = EdgePid();
        AssertNoSecrets([before, .. PostgresProcesses.Of(cloud)]);
        KillEdge();
        await Wait.UntilAsync(() => EdgePid() != before && Answers(), "another edge serves");
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
        await Wait.UntilAsync(
            async () => (await cloud.RunAsync("status")).Output.Contains("all well", StringComparison.Ordinal), "all is well");
    }

    [Fact]
    public async Task Edge_OutlivesItsServer_AndIsAdoptedByTheNext()
    {
        var edge = EdgePid();
        string[] tokens = [TokenOf("agent"), TokenOf("edge")];
        foreach (var token in tokens) Assert.NotEqual(HttpStatusCode.Unauthorized, await CallAsync(token));
        await cloud.KillAsync();
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
        (await cloud.UpAsync("--edge-mode", "inline")).ShouldSucceed();
        Assert.Equal(edge, EdgePid());
        await AssertFreshTokensAsync(tokens);
        Assert.Contains("the edge", (await cloud.RunAsync("down")).ShouldSucceed().Error);
        Assert.Equal(edge, EdgePid());
        var port = FreePort.Next();
        (await cloud.RunAsync("up", "-d", "--edge-mode", "inline", "--api-port", $"{cloud.ApiPort}", "--http-port", $"{port}"))
            .ShouldSucceed();
        Assert.NotEqual(edge, EdgePid());
        Assert.Contains($"127.0.0.1:{port}", (await cloud.RunAsync("status")).ShouldSucceed().Output);
        Assert.False(Answers()); // the old one has given its port up
        (await cloud.RunAsync("down", "--all")).ShouldSucceed();
        await Wait.UntilAsync(() => HasEnded(edge), "the edge has ended");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Edge_LeftByADeadServer_GivesItsPortToTheInProcessMode()
    {
        var left = EdgePid();
        await cloud.KillAsync();
        (await cloud.UpAsync("--edge-mode", "in-process")).ShouldSucceed();
        await Wait.UntilAsync(() => HasEnded(left), "the edge that was left has ended");
        Assert.Contains("Strata", await cloud.GetPageAsync("welcome"));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Port_InUse_IsOneSentenceAndTheFix()
    {
        (await cloud.RunAsync("down", "--all")).ShouldSucceed();
        using var listener = new TcpListener(IPAddress.Loopback, cloud.HttpPort);
        listener.Start();
        foreach (var result in new[] { await cloud.UpAsync("--edge-mode", "inline"),
            await cloud.RunAsync("edge", "--inline", "--http-port", $"{cloud.HttpPort}") })
        {
            Assert.Equal(1, result.ExitCode);
            Assert.Contains($"Port {cloud.HttpPort}, which the edge needs, is in use by", result.Error);
            Assert.Contains("PORT_IN_USE", result.Error);
        }
    }

    /// <summary>
    /// The next server has replaced the tokens of the agent and the edge: copies of the old ones open nothing, and both go on.
    /// </summary>
    private async Task AssertFreshTokensAsync(string[] former)
    {
        foreach (var token in former) Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(token));
        foreach (var part in (string[])["agent", "edge"]) Assert.NotEqual(HttpStatusCode.Unauthorized, await CallAsync(TokenOf(part)));
        using var app = AppFolder.Saying("after a refresh");
        (await cloud.RunAsync("deploy", app.Path, "--name", "refreshed")).ShouldSucceed(); // the agent runs it
        Assert.Contains("after a refresh", await cloud.GetPageAsync("refreshed")); // the edge has its route
    }

    private string TokenOf(string part) => File.ReadAllText(Path.Combine(cloud.Home, "run", part + ".token"));

    private async Task<HttpStatusCode> CallAsync(string token)
    {
        using var http = new HttpClient { BaseAddress = cloud.ApiUrl };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return (await http.GetAsync("/api/v1/nodes")).StatusCode;
    }

    /// <summary>In the environments of the server's children.</summary>
    private static void AssertNoSecrets(IReadOnlyList<int> children)
    {
        Assert.True(children.Count > 1);
        foreach (var child in children)
        {
            var environment = File.ReadAllText($"/proc/{child}/environ");
            Assert.DoesNotContain("STRATA_", environment, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, environment, StringComparison.Ordinal);
        }
    }

    private int EdgePid() =>
        int.Parse(
            File.ReadAllText(Path.Combine(cloud.Home, "run", "edge.pid")), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    /// <summary>Nobody may have fetched its exit code yet: its parent is gone.</summary>
    private static bool HasEnded(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    private void KillEdge()
    {
        using var process = Process.GetProcessById(EdgePid());
        process.Kill();
    }

    private bool Answers()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, cloud.HttpPort);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
