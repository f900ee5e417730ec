using System.Diagnostics;
using System.Net;
using Strata.Runtimes;
using Strata.Runtimes.Network;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests;

/// <summary>
/// What instances reach outside of the machine. "Outside" is a network namespace of the test: nothing leaves this machine.
/// </summary>
public sealed class EgressTests
{
    [Fact]
    public void Rules_MetadataIsRefusedBeforeAnythingIsAllowed_AndResolversAreAskedOnPort53Only()
    {
        var rules = new Egress([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("10.0.0.0/8")],
            [IPAddress.Parse("169.254.169.253"), IPAddress.Parse("fd00::1")]).Rules("br").ToList();
        Assert.Equal("iifname \"br\" ip daddr 169.254.169.253 meta l4proto { tcp, udp } th dport 53 accept", rules[0]);
        var metadata = rules.FindIndex(
            rule => rule.Contains("168.63.129.16/32", StringComparison.Ordinal) && rule.EndsWith("drop", StringComparison.Ordinal));
        Assert.InRange(metadata, 1, rules.FindIndex(rule => rule.Contains("0.0.0.0/0 accept", StringComparison.Ordinal)));
        Assert.Contains(rules, rule => rule == "iifname \"br\" meta nfproto ipv6 drop");
        Assert.DoesNotContain(rules, rule => rule.Contains("fd00", StringComparison.Ordinal));
        foreach (var range in new[] { "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "192.88.99.0/24", "198.51.100.0/24",
            "203.0.113.0/24" })
            Assert.Contains(range, rules[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_PrivateNetworkOfTheOperator_IsReachedOnlyIfAllowed(bool allowed)
    {
        var octet = allowed ? 4 : 0;
        var address = $"198.19.{Environment.ProcessId & 255}.{octet + 2}";
        await using var machine = await TestMachine.OpenAsync(
            RuntimeChoice.Oci, new NodeMachineOptions { EgressAllowed = allowed ? [IPNetwork.Parse("198.19.0.0/16")] : [] });
        Assert.SkipWhen(machine.Machine.Runtime.NotIsolated.Count > 0, string.Join(' ', machine.Machine.Runtime.NotIsolated));
        var name = "st" + machine.Machine.Paths.CloudId;
        try
        {
            await SetUpAsync(name, address[..address.LastIndexOf('.')], octet);
            using var listener = Process.Start(
                "ip", ["netns", "exec", name, "/usr/bin/python3", "-m", "http.server", "8080", "--bind", address]);
            try
            {
                await Wait.UntilAsync(() => ReachesAsync(address), "this machine itself reaches it");
                Assert.Equal(allowed, await IsReachedByAnInstanceAsync(machine, address));
            }
            finally
            {
                listener.Kill(entireProcessTree: true);
            }
        }
        finally
        {
            await HostCommand.RunAsync("ip", ["netns", "delete", name], CancellationToken.None);
        }
    }

    private static async Task SetUpAsync(string name, string prefix, int octet)
    {
        foreach (var line in new[]
        {
            $"netns add {name}", $"link add {name}h type veth peer name eth0 netns {name}", $"addr add {prefix}.{octet + 1}/30 dev {name}h",
            $"link set {name}h up",
            $"-n {name} addr add {prefix}.{octet + 2}/30 dev eth0", $"-n {name} link set eth0 up",
            $"-n {name} route add default via {prefix}.{octet + 1}",
        })
        {
            var done = await HostCommand.RunAsync("ip", line.Split(' '), CancellationToken.None);
            Assert.True(done.Ok, $"ip {line}: {done.Complaint}");
        }
    }

    private static async Task<bool> ReachesAsync(string address)
    {
        using var client = new System.Net.Sockets.TcpClient();
        try
        {
            await client.ConnectAsync(address, 8080).WaitAsync(TimeSpan.FromSeconds(5));
            return true;
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or TimeoutException)
        {
            return false;
        }
    }

    private static async Task<bool> IsReachedByAnInstanceAsync(TestMachine machine, string address)
    {
        var app = machine.App();
        Posixly.OpenForAll(app);
        var request = new RunRequest
        {
            Id = "run-1",
            Command = ["/bin/bash", "-c", $"timeout 3 bash -c '</dev/tcp/{address}/8080' && echo reached"],
            Env = new Dictionary<string, string>(),
            AppFolder = app,
            LogFile = Path.Combine(machine.Machine.Paths.Logs, "run-1.log"),
            Port = 8080,
        };
        Assert.True((await machine.Machine.Runtime.StartAsync(request, CancellationToken.None)).IsOk);
        await machine.Machine.Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(90));
        return (await File.ReadAllTextAsync(request.LogFile + ".0")).Contains("reached", StringComparison.Ordinal);
    }
}
