using System.Net;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Applications that misbehave: each with a sentence that a user understands.</summary>
public sealed class BadApplicationTests(SharedCloud cloud)
{
    private const string ShortGrace = "health:\n  grace: 4s\n";

    [Fact]
    public async Task Application_ThatNeverListens_FailsAndSaysThePort()
    {
        using var app = AppFolder.Node("setInterval(() => {}, 1000);", ShortGrace);
        var told = await FailAsync("deaf", app);
        // a plain process has a port of this machine
        Assert.Matches(Environment.IsPrivilegedProcess ? "on port 8080 " : @"on port \d+ ", told);
        Assert.Contains("PORT", told);
    }

    [Fact]
    public async Task Application_ThatListensLate_IsWaitedFor()
    {
        using var app = AppFolder.Node("""
            setTimeout(() => require('node:http').createServer((request, response) => response.end('late\n')).listen(process.env.PORT, process.env.HOST), 3000);
            """);
        (await cloud.RunAsync("deploy", app.Path, "--name", "late")).ShouldSucceed();
        Assert.Equal("late\n", await cloud.GetPageAsync("late"));
    }

    [Fact]
    public async Task Application_ThatExitsAtOnce_FailsAndTellsItsLastWords()
    {
        // its grace is long: on a loaded machine even a start takes seconds
        using var app = AppFolder.Node("console.error('no configuration, giving up'); process.exit(7);");
        var told = await FailAsync("brief", app);
        Assert.Contains("7", told);
        Assert.Contains("giving up", (await cloud.RunAsync("logs", "brief")).Output);
        using var http = cloud.Edge("brief");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Application_ThatDoesNotStart_LeavesTheOldReleaseServing()
    {
        const string name = "second-try";
        using var good = AppFolder.Saying("first");
        (await cloud.RunAsync("deploy", good.Path, "--name", name)).ShouldSucceed();
        await using var load = new Load(cloud, name, connections: 2);
        using var bad = AppFolder.Node("process.exit(1);", ShortGrace);
        await FailAsync(name, bad);
        Assert.Empty(await load.StopAsync());
        Assert.Equal("first\n", await cloud.GetPageAsync(name));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Application_ThatIgnoresSigterm_IsKilledAfterItsGrace()
    {
        const string name = "stubborn";
        using var app = AppFolder.Node("""
            let asked = 'here';
            process.on('SIGTERM', () => { asked = 'no'; });
            require('node:http').createServer((request, response) => response.end(asked)).listen(process.env.PORT, process.env.HOST);
            """);
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        var status = (await cloud.RunAsync("get", await InstanceAsync(name), "--json")).ShouldSucceed().Json.GetProperty("status");
        using var http = new HttpClient { BaseAddress = new Uri(
            $"http://{status.GetProperty("address").GetString()}:{status.GetProperty("port").GetInt32()}") };
        var deleting = cloud.RunAsync("delete", $"deployment/{name}", "--yes");
        await Wait.UntilAsync(async () => await http.GetStringAsync("/") == "no", "it has been asked to end, and goes on");
        (await deleting).ShouldSucceed();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("/"));
    }

    [Fact]
    public async Task Application_ThatCrashes_IsStartedAgain_AndThatIsVisible()
    {
        const string name = "crashing";
        using var app = AppFolder.Node("""
            require('node:http').createServer((request, response) => { if (request.url === '/crash') process.exit(9); response.end('up\n'); }).listen(process.env.PORT, process.env.HOST);
            """);
        (await cloud.RunAsync("deploy", app.Path, "--name", name)).ShouldSucceed();
        using var http = cloud.Edge(name);
        (await http.GetAsync("/crash")).Dispose();
        await Wait.UntilAsync(async () => await RestartsAsync(name) > 0, "the crash is counted");
        await Wait.UntilAsync(async () => (await http.GetAsync("/")).IsSuccessStatusCode, "it answers again");
        Assert.Contains("crash", (await cloud.RunAsync("history", await InstanceAsync(name))).ShouldSucceed().Output);
    }

    private async Task<string> FailAsync(string name, AppFolder app)
    {
        var result = await cloud.RunAsync("deploy", app.Path, "--name", name);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ROLLOUT_FAILED", result.Error);
        return result.Error[result.Error.IndexOf("Error: ", StringComparison.Ordinal)..];
    }

    private async Task<int> RestartsAsync(string name) =>
        (await cloud.RunAsync("get", await InstanceAsync(name), "--json")).ShouldSucceed().Json.GetProperty("status")
            .GetProperty("restarts").GetInt32();

    private async Task<string> InstanceAsync(string name) =>
        (await cloud.RunAsync("get", "instances", "--json")).ShouldSucceed().Json.EnumerateArray()
            .First(i => i.GetProperty("name").GetString()!.StartsWith(name + "-", StringComparison.Ordinal)).GetProperty("id").GetString()!;
}
