using System.Globalization;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// Applications of organization b write without end and look for ways out of their network; what is not theirs stays as it was. Nothing
/// leaves this machine.
/// </summary>
public sealed class FloodAndEgressTests(SecurityClouds clouds)
{
    /// <summary>Two files of 8 MiB for each instance, and room for the database to work in.</summary>
    private const long GrowthMax = 256L << 20;
    private const long Written = 320L << 20;

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Application_WritesOutputWithoutEnd_TheDataFolderStaysBoundedAndNeighboursAnswer()
    {
        var cloud = await clouds.InProcessAsync();
        using var calm = AppFolder.Saying("calm");
        (await cloud.RunAsAsync(cloud.A.Admin, "deploy", calm.Path, "--name", "calm")).ShouldSucceed();
        var before = BytesIn(cloud.Home);
        using var flood = AppFolder.Node("""
            const line = 'x'.repeat(65535) + '\n';
            let written = 0;
            const write = () => { while (process.stdout.write(line)) written += line.length; process.stdout.once('drain', write); };
            require('node:http').createServer((q, r) => r.end(String(written))).listen(process.env.PORT, process.env.HOST, write);
            """);
        (await cloud.RunAsAsync(cloud.B.Admin, "deploy", flood.Path, "--name", "flood")).ShouldSucceed();
        await Wait.UntilAsync(async () =>
        {
            Assert.Equal("calm", (await cloud.GetPageAsync($"calm.{cloud.A.Name}")).Trim());
            Assert.InRange(BytesIn(cloud.Home) - before, long.MinValue, GrowthMax);
            return long.Parse(await cloud.GetPageAsync($"flood.{cloud.B.Name}"), CultureInfo.InvariantCulture) > Written;
        }, "much more is written than is kept", 240);
        Assert.InRange(BytesIn(Path.Combine(cloud.Home, "node", "logs")), 0, GrowthMax);
        (await cloud.RunAsAsync(cloud.B.Admin, "delete", "deployment/flood", "--yes")).ShouldSucceed();
        Assert.Equal("calm", (await cloud.GetPageAsync($"calm.{cloud.A.Name}")).Trim());
    }

    /// <summary>
    /// A connection that is refused here ends at this machine's filter or is answered by its kernel: the addresses are this machine's or
    /// not routed any further.
    /// </summary>
    [Fact]
    public async Task Application_ConnectsToAnythingOfThisMachine_IsRefusedButForTheRelay()
    {
        var cloud = await clouds.InProcessAsync();
        Assert.SkipWhen(await IsProcessRuntimeAsync(cloud), "Plain processes have the machine's own network.");
        using var app = AppFolder.Node("""
            const net = require('node:net');
            const reach = (host, port) => new Promise(done => {
              const socket = net.connect({ host, port, timeout: 3000 });
              const end = answer => { socket.destroy(); done(answer); };
              socket.on('connect', () => end('open')).on('timeout', () => end('silent')).on('error', e => end(e.code));
            });
            require('node:http').createServer(async (q, r) => {
              const url = new URL(q.url, 'http://x');
              if (url.pathname === '/relay') return r.end(process.env.STRATA_URL);
              if (url.pathname === '/reach') return r.end(await reach(url.searchParams.get('host'), Number(url.searchParams.get('port'))));
              r.end('up');
            }).listen(process.env.PORT, process.env.HOST);
            """);
        (await cloud.RunAsAsync(cloud.B.Admin, "deploy", app.Path, "--name", "prober")).ShouldSucceed();
        var relay = new Uri(await cloud.GetPageAsync($"prober.{cloud.B.Name}", "/relay"));
        Assert.Equal("open", await ReachAsync(cloud, relay.Host, relay.Port));
        foreach (var port in new[] { cloud.ApiPort, cloud.HttpPort, 22, 5432 })
        {
            Assert.NotEqual("open", await ReachAsync(cloud, relay.Host, port));
            Assert.NotEqual("open", await ReachAsync(cloud, "127.0.0.1", port));
        }
        foreach (var own in OwnAddresses()) Assert.NotEqual("open", await ReachAsync(cloud, own, cloud.ApiPort));
    }

    private static Task<string> ReachAsync(SecurityCloud cloud, string host, int port) =>
        cloud.GetPageAsync($"prober.{cloud.B.Name}", $"/reach?host={host}&port={port}");

    private static async Task<bool> IsProcessRuntimeAsync(SecurityCloud cloud)
    {
        var nodes = await cloud.CallAsync(cloud.Operator, "GET", "/api/v1/nodes");
        return nodes.Body.GetProperty("items").EnumerateArray()
            .All(n => n.GetProperty("status").GetProperty("runtimes").EnumerateArray().All(r => r.GetString() == "process"));
    }

    private static IEnumerable<string> OwnAddresses() => System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(nic => nic.GetIPProperties().UnicastAddresses).Select(a => a.Address)
        .Where(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork).Select(a => a.ToString()).Take(5);

    /// <summary>Files come and go while it counts.</summary>
    private static long BytesIn(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint };
        return new DirectoryInfo(folder).EnumerateFiles("*", options).Where(f => f.Extension != ".img").Sum(LengthOf);
    }

    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
