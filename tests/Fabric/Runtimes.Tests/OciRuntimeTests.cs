using Strata.Runtimes;
using Strata.Runtimes.Network;
using Strata.Runtimes.Oci;

namespace Strata.Runtimes.Tests;

public sealed class OciRuntimeTests : RuntimeContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Oci;

    [Fact]
    public async Task Run_HasNoCapabilitiesAndAFilter()
    {
        await RunAsync("id -u; grep -E 'Cap|NoNew|Seccomp:' /proc/self/status; mount -t tmpfs x /tmp 2>&1; unshare -U true 2>&1; id -un");
        var text = File.ReadAllText(Log);
        Assert.Matches(@"^[1-9]\d{6,}", text);
        Assert.Equal(
            5, text.Split('\n').Count(
                line => line.StartsWith("Cap", StringComparison.Ordinal) && line.EndsWith("0000000000000000", StringComparison.Ordinal)));
        Assert.Contains("NoNewPrivs:\t1", text, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2", text, StringComparison.Ordinal);
        Assert.Contains("unshare failed", text, StringComparison.Ordinal);
        Assert.EndsWith("app\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeesNothingOfTheMachine()
    {
        var secret = Path.Combine(Machine.Home, "secret");
        await File.WriteAllTextAsync(secret, "x");
        await RunAsync(
            $"ls {secret} /root /home/* /etc/shadow /etc/ssh /var/lib 2>&1 | grep -v 'cannot access'; ls /proc | grep -c '^[0-9]*$'; touch /usr/x /etc/x /x 2>&1");
        var lines = File.ReadAllLines(Log);
        Assert.DoesNotContain(secret, lines);
        Assert.True(int.Parse(lines.First(line => int.TryParse(line, out _)), System.Globalization.CultureInfo.InvariantCulture) < 10);
        Assert.Equal(
            3, lines.Count(line => line.Contains("Read-only file system", StringComparison.Ordinal)
                || line.Contains("Permission denied", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_CannotReachTheMachineNorAnotherInstance()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var other = await StartAsync("exec /usr/bin/python3 -m http.server 8080", "run-2");
        await Wait.UntilAsync(() => CanConnectAsync(other.Address, other.Port), "the other listens");
        const string probe = "import socket,sys\nfor a in sys.argv[1:]:\n h,p=a.split(':'); s=socket.socket(); s.settimeout(2)\n try:\n  s.connect((h,int(p))); print(a,'OPEN')\n except OSError as e: print(a,'closed')";
        await RunAsync($"/usr/bin/python3 -c \"{probe}\" 127.0.0.1:{port} $GATEWAY:{port} {other.Address}:8080");
        var lines = File.ReadAllLines(Log);
        Assert.Equal(3, lines.Count(line => line.EndsWith("closed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_ServicesOfTheMachineOnAllAddresses_AreClosedByTheFirewall()
    {
        Assert.SkipWhen(Runtime.NotIsolated.Count > 0, string.Join(' ', Runtime.NotIsolated));
        var (gateway, relayPort) = Machine.Machine.Relay!.Value;
        using var service = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Parse(gateway), 0);
        using var relay = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Parse(gateway), relayPort);
        service.Start();
        relay.Start();
        var port = ((System.Net.IPEndPoint)service.LocalEndpoint).Port;
        await RunAsync($"for p in {port} {relayPort}; do timeout 5 bash -c \"</dev/tcp/$GATEWAY/$p\" 2>/dev/null && echo $p; done");
        Assert.Equal([$"{relayPort}"], File.ReadAllLines(Log));
    }

    [Fact]
    public async Task Run_TooMuchMemory_IsTold()
    {
        var exit = await RunAsync("/usr/bin/python3 -c 'x=[bytearray(1<<20) for i in range(400)]'");
        Assert.True(exit.OutOfMemory);
        Assert.Equal(137, exit.Code);
    }

    [Fact]
    public async Task Run_TooManyProcesses_IsHeldBack()
    {
        var exit = await RunAsync(
            Request("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 30 & done; echo done") with { PidsMax = 12 });
        Assert.NotEqual(0, exit.Code);
        Assert.Contains("Cannot fork", File.ReadAllText(Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LimitsAreSeenByTheProgram()
    {
        await RunAsync(
            Request("cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max") with { Cpu = 0.5 });
        var text = File.ReadAllText(Log);
        Assert.Contains($"{128 << 20}", text, StringComparison.Ordinal);
        Assert.Contains("50000", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FillsItsDisk_HarmsNobody()
    {
        var exit = await RunAsync(Request("dd if=/dev/zero of=/app/big bs=1M count=100 2>&1") with { DiskBytes = 32 << 20 });
        Assert.Equal(1, exit.Code);
        Assert.Contains("No space left", File.ReadAllText(Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WholeRoot_SeesNothingElseAndMayUseLowPorts()
    {
        var root = ShellRoot("ls");
        Directory.CreateDirectory(Path.Combine(root, "work"));
        Posixly.OpenForAll(root);
        const string script =
            "pwd; echo *; echo /root/* /home/* /usr/*; echo x > /work/x; cat /proc/sys/net/ipv4/ip_unprivileged_port_start";
        await RunAsync(Whole(root, script) with { RootWorkFolder = "/work" });
        var lines = File.ReadAllLines(Log);
        Assert.Equal(["/work", "*", "/root/* /home/* /usr/*"], lines.Take(3));
        Assert.Equal("0", lines[^1]);
        Assert.False(File.Exists(Path.Combine(root, "work", "x")));
    }

    [Fact]
    public async Task Run_WritesTemporaryFilesAsItsOwnUser()
    {
        await RunAsync("id -u; for d in /tmp /var/tmp /run /dev/shm; do touch $d/x && stat -c '%a %U' $d; done 2>&1");
        Assert.Equal(["1777 root", "1777 root", "755 app", "1777 root"], File.ReadAllLines(Log).Skip(1));
    }

    [Fact]
    public async Task Run_WholeRoot_WritesTemporaryFilesWhateverTheImageSays()
    {
        var root = ShellRoot();
        foreach (var name in new[] { "tmp", "var/tmp" })
            File.SetUnixFileMode(Directory.CreateDirectory(Path.Combine(root, name)).FullName, (UnixFileMode)0b111_101_101);
        await RunAsync(Whole(root, "for d in /tmp /var/tmp /run; do echo x >$d/x && echo $d; done"));
        Assert.Equal(["/tmp", "/var/tmp", "/run"], File.ReadAllLines(Log));
    }

    [Fact]
    public async Task Run_WholeRootWithLinksForFolders_ChangesNothingBehindThem()
    {
        var root = ShellRoot();
        var outside = Directory.CreateDirectory(Path.Combine(Machine.Home, "outside"));
        Directory.CreateDirectory(Path.Combine(outside.FullName, "tmp"));
        File.SetUnixFileMode(Path.Combine(outside.FullName, "tmp"), (UnixFileMode)0b111_000_000);
        File.CreateSymbolicLink(Path.Combine(root, "var"), outside.FullName);
        File.CreateSymbolicLink(Path.Combine(root, "run"), Path.Combine(outside.FullName, "tmp"));
        await RunAsync(Whole(root, "exit 0"));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Path.Combine(outside.FullName, "tmp")));
    }

    [Fact]
    public async Task Terminate_WholeRootBehindAShell_EveryProcessHearsOfIt()
    {
        const string inner = "trap 'echo finished; exit 0' TERM; echo up; while :; do sleep 0.1; done";
        Assert.True((await Runtime.StartAsync(Whole(ShellRoot("sleep"), $"sh -c \"{inner}\"; echo after"), CancellationToken.None)).IsOk);
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal), "it is up");
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        await Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(90));
        Assert.Equal(["up", "finished", "after"], File.ReadAllLines(Log).Where(line => line != "Terminated"));
    }

    [Fact]
    public async Task Stats_RunningRun_AreRead()
    {
        await StartAsync("x=0; while [ $x -lt 100000 ]; do x=$((x+1)); done; sleep 30");
        await Wait.UntilAsync(
            () => Runtime.Stats("run-1") is { MemoryBytes: > 0, Pids: > 0 } stats
                && stats.CpuTime > TimeSpan.FromMilliseconds(5), "it uses something");
    }

    private string ShellRoot(params string[] programs)
    {
        var root = Machine.App();
        SmallRoot.Fill(root, ["sh", "cat", .. programs]);
        return root;
    }

    private RunRequest Whole(string root, string script) =>
        Request("") with { AppFolder = root, RootWorkFolder = "/", Command = ["/bin/sh", "-c", script] };

    [Fact]
    public async Task EveryInstalledTool_Works()
    {
        var paths = Machine.Machine.Paths;
        var network = await BridgeNetwork.SetUpAsync(paths, [], CancellationToken.None);
        foreach (var tool in await OciTool.InstalledAsync(paths.CloudId, CancellationToken.None))
        {
            var problem = await OciProbe.TryAsync(
                OciHost.Create(tool, network, paths, TimeProvider.System), paths, TimeProvider.System, CancellationToken.None);
            Assert.True(problem is null, $"{tool.Name}: {problem}");
        }
    }
}
