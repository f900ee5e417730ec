using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>What is still being answered when an application is restarted.</summary>
public sealed class GracefulStopTests
{
    /// <summary>
    /// Behind a shell, as package managers and start scripts run programs; the request takes longer than the drain and the default grace
    /// together.
    /// </summary>
    [Fact]
    [Trait("Duration", "Long")]
    public async Task Restart_RequestOf25Seconds_IsAnsweredWithinTheGrace()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        using var app = AppFolder.Node(
            """
            const server = require('http').createServer((q, s) => q.url === '/slow' ? setTimeout(() => s.end('done\n'), 25000) : s.end('ok\n'));
            server.listen(process.env.PORT);
            process.on('SIGTERM', () => { console.log('got SIGTERM'); server.close(() => process.exit(0)); });
            """,
            "run: { command: 'NODE_ENV=production node server.js; echo after', stopGrace: 40s }\n");
        (await cloud.RunAsync("deploy", app.Path, "--name", "patient")).ShouldSucceed();
        using var http = cloud.Edge("patient");
        http.Timeout = TimeSpan.FromMinutes(3);
        var slow = http.GetStringAsync("/slow");
        Assert.Equal("ok\n", await http.GetStringAsync("/"));
        (await cloud.RunAsync("restart", "patient")).ShouldSucceed();
        Assert.Equal("done\n", await slow);
        Assert.Equal("ok\n", await http.GetStringAsync("/"));
    }
}
