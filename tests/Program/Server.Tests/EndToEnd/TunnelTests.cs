using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary><c>strata tunnel</c>: a program of this machine, served by a cloud that knows nothing of it but the tunnel.</summary>
public sealed class TunnelTests : IAsyncLifetime
{
    private readonly Cloud cloud = new();
    private readonly HttpListener program = new();
    private readonly int port = FreePort.Next();

    public async ValueTask InitializeAsync()
    {
        program.Prefixes.Add($"http://*:{port}/"); // whatever host a request names
        program.Start();
        _ = AnswerAsync();
        (await cloud.UpAsync()).ShouldSucceed();
    }

    /// <summary>Its life: served, told when the program is down, connected again after the server's death, gone at the end.</summary>
    [Fact]
    [Trait("Duration", "Long")]
    public async Task Program_IsServed_AlsoAfterTheServerDied_UntilTheTunnelEnds()
    {
        using var tunnel = cloud.Start("tunnel", $"{port}", "--name", "mine");
        Assert.Equal(
            $"http://mine.localhost:{cloud.HttpPort}", await tunnel.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        using var http = cloud.Edge("mine");
        await Wait.UntilAsync(async () => (await http.GetAsync("/a/path?q=1")).IsSuccessStatusCode, "the edge serves the program");
        Assert.Equal("GET /a/path?q=1", await http.GetStringAsync("/a/path?q=1"));
        var body = new string('x', 2_000_000);
        Assert.Equal(body, await (await http.PostAsync("/echo", new StringContent(body, Encoding.ASCII))).Content.ReadAsStringAsync());
        await cloud.KillAsync();
        (await cloud.UpAsync()).ShouldSucceed();
        await Wait.UntilAsync(async () => (await http.GetAsync("/")).IsSuccessStatusCode, "the tunnel is connected again");
        using (Process.Start("kill", $"-TERM {tunnel.Id}")) await tunnel.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Wait.UntilAsync(
            async () => (await http.GetAsync("/")).StatusCode == HttpStatusCode.NotFound, "the host is gone with the tunnel");
        Assert.Contains("No tunnels", (await cloud.RunAsync("get", "tunnels")).ShouldSucceed().Error);
    }

    [Fact]
    public async Task Name_OfADeployment_OrOfAnotherMachinesTunnel_IsRefused()
    {
        var deployed = await cloud.RunAsync("tunnel", $"{port}", "--name", "welcome");
        Assert.Equal(1, deployed.ExitCode);
        Assert.Contains("TUNNEL_NAME_TAKEN", deployed.Error);
        using var first = cloud.Start("tunnel", $"{port}", "--name", "ours");
        await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var second = await cloud.RunAsync("tunnel", $"{port}", "--name", "ours");
        Assert.Contains("TUNNEL_IN_USE", second.Error);
        first.Kill();
        await Wait.UntilAsync(
            async () => (await cloud.RunAsync("get", "tunnels")).Output.Contains("WAITING", StringComparison.Ordinal),
            "the tunnel whose machine was killed waits for another");
    }

    public async ValueTask DisposeAsync()
    {
        await cloud.DisposeAsync();
        program.Close();
    }

    private async Task AnswerAsync()
    {
        while (true)
        {
            HttpListenerContext call;
            try
            {
                call = await program.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or SocketException)
            {
                return;
            }
            using var answer = call.Response;
            if (call.Request.HttpMethod == "POST") await call.Request.InputStream.CopyToAsync(answer.OutputStream);
            else await answer.OutputStream.WriteAsync(Encoding.UTF8.GetBytes($"{call.Request.HttpMethod} {call.Request.RawUrl}"));
        }
    }
}
