using System.Diagnostics;
using System.Net.Sockets;
using Strata.Runtimes;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests;

/// <summary>What holds for every runtime.</summary>
public abstract class RuntimeContract : IAsyncLifetime
{
    private TestMachine? machine;

    protected abstract RuntimeChoice Choice { get; }

    internal TestMachine Machine => machine!;
    protected IRuntime Runtime => Machine.Machine.Runtime;

    public async ValueTask InitializeAsync() => machine = await TestMachine.OpenAsync(Choice);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (machine is not null) await machine.DisposeAsync();
    }

    [Fact]
    public async Task Start_ProgramThatEnds_TellsExitCodeAndOutput()
    {
        var exit = await RunAsync("echo hello; echo oops >&2; cat /app/greeting 2>/dev/null || cat greeting; exit 3");
        Assert.Equal(new RunExit(3), exit);
        Assert.Equal(["hello", "oops", "hi"], File.ReadAllLines(Log));
    }

    [Fact]
    public async Task Start_Environment_HasTheEndpointAndTheUsersVariables()
    {
        await RunAsync("echo $PORT $HOST $COLOR", new() { ["COLOR"] = "a b\"c" });
        var state = Runtime.Find("run-1")!;
        var host = Runtime.Name == "oci" ? "0.0.0.0" : "127.0.0.1";
        Assert.Equal($"{state.Port} {host} a b\"c", File.ReadAllText(Log).Trim());
    }

    [Fact]
    public async Task Start_Variables_AreOnNoDisk_AndAreThereForARestart()
    {
        Assert.SkipUnless(new DriveInfo("/dev/shm").DriveFormat == "tmpfs", "this machine has no file system in memory");
        const string canary = "canary-on-no-disk";
        var request = Request("echo ${#SECRET}; exec sleep 600", env: new() { ["SECRET"] = canary });
        Assert.True((await Runtime.StartAsync(request, CancellationToken.None)).IsOk);
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("17", StringComparison.Ordinal), "it is up");
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var file in Directory.EnumerateFiles(Machine.Home, "*", all).Where(f => new FileInfo(f).Length is > 0 and < 16 << 20))
            Assert.DoesNotContain(canary, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        await Runtime.KillAsync("run-1", CancellationToken.None);
        await Runtime.WaitAsync("run-1", CancellationToken.None);
        Assert.True((await Runtime.RestartAsync("run-1", CancellationToken.None)).IsOk);
        await Wait.UntilAsync(() => File.ReadAllLines(Log) is ["17", "17"], "it is up again, with its variables");
        var shim = new FileInfo(Path.Combine(Machine.Machine.Paths.Runs, "run-1", "shim.json"));
        Assert.StartsWith("/", shim.LinkTarget, StringComparison.Ordinal);
        await Runtime.RemoveAsync("run-1", CancellationToken.None);
        Assert.False(File.Exists(shim.LinkTarget));
    }

    [Fact]
    public async Task Start_UnknownProgram_EndsWith127()
    {
        var exit = await RunAsync("no-such-program-xyz");
        Assert.Equal(127, exit.Code);
    }

    [Fact]
    public async Task Start_SameIdTwice_IsRefused()
    {
        await StartAsync("sleep 60");
        Assert.Equal("RUN_EXISTS", (await Runtime.StartAsync(Request("true"), CancellationToken.None)).Error?.Code);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("-a")]
    public async Task Start_BadId_IsRefused(string id) =>
        Assert.Equal("INVALID_RUN_ID", (await Runtime.StartAsync(Request("true") with { Id = id }, CancellationToken.None)).Error?.Code);

    [Fact]
    public async Task Terminate_ProgramWithHandler_EndsByItself()
    {
        await StartAsync("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done");
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal), "it is up");
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        await Runtime.WaitAsync("run-1", CancellationToken.None);
        Assert.Contains("bye", File.ReadAllText(Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_ProgramWithoutHandler_EndsAtOnce()
    {
        await StartAsync("echo up; exec sleep 60");
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal), "it is up");
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        Assert.Equal(143, (await Runtime.WaitAsync("run-1", CancellationToken.None)).Code);
    }

    [Fact]
    public async Task Terminate_ProgramBehindAShell_HearsOfItOnceAndFinishes()
    {
        const string program = """
            import signal, sys, time
            count = 0
            def term(*a):
                global count
                count += 1
            signal.signal(signal.SIGTERM, term)
            print('up', flush=True)
            while count == 0: time.sleep(0.05)
            time.sleep(1)
            print('finished after', count, flush=True)
            """;
        appFolder = Machine.App(("program.py", program));
        await StartAsync("COLOR=blue /usr/bin/python3 program.py; echo unreachable");
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal), "it is up");
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        await Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(90));
        Assert.Contains("finished after 1", File.ReadAllText(Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Crash_OfTheFirstProcess_LeavesNoneOfTheOthers()
    {
        await RunAsync("sleep 4711 & exit 3");
        Assert.DoesNotContain("sleep\0" + "4711\0", Processes());
    }

    [Fact]
    public async Task Start_FloodOfOutput_KeepsTheLastOfItInBoundedFiles()
    {
        var exit = await RunAsync("head -c 200000000 /dev/zero | tr '\\0' 'x'; echo; echo the end");
        Assert.Equal(0, exit.Code);
        var files = Directory.GetFiles(Machine.Machine.Paths.Logs);
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), LogWriter.FileBytesMax, 2 * (LogWriter.FileBytesMax + (1 << 16)));
        Assert.Equal(2, files.Length);
        Assert.Equal("the end", LogFile.LastLine(Log[..^2]));
        var last = files.Max(file => long.Parse(Path.GetExtension(file)[1..], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(200_000_000 + 9, last + new FileInfo($"{Log[..^2]}.{last}").Length);
    }

    [Fact]
    public async Task Start_OnADiskThatIsNearlyFull_IsRefusedWithTheReason()
    {
        await using var full = await TestMachine.OpenAsync(Choice, new NodeMachineOptions { DiskReserveBytes = long.MaxValue });
        var error = (await full.Machine.Runtime.StartAsync(Request("true"), CancellationToken.None)).Error;
        Assert.Equal("INSUFFICIENT_STORAGE", error?.Code);
        Assert.Contains("are reserved for the platform", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ShimKilled_IsFoundOut_AndTheIdStartsAgain()
    {
        var state = await StartAsync(Server);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens");
        using (var shim = Process.GetProcessById(ShimPid())) shim.Kill();
        Assert.Equal(-1, (await Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60))).Code);
        await Runtime.RemoveAsync("run-1", CancellationToken.None);
        Assert.False(await CanConnectAsync(state.Address, state.Port));
        var again = await StartAsync(Server);
        await Wait.UntilAsync(() => CanConnectAsync(again.Address, again.Port), "it listens again");
    }

    [Fact]
    public async Task ShimKilled_Restart_TakesTheOldOnesPlace()
    {
        var state = await StartAsync(Server);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens");
        using (var shim = Process.GetProcessById(ShimPid())) shim.Kill();
        await Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True((await Runtime.RestartAsync("run-1", CancellationToken.None)).IsOk);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens again, where it was");
        Assert.Null(Runtime.Find("run-1")!.Exit);
    }

    [Fact]
    public async Task Kill_ProgramThatIgnoresTerm_IsGone()
    {
        await StartAsync("trap '' TERM; echo up; while :; do sleep 0.1; done");
        await Wait.UntilAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal), "it is up");
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        await Runtime.KillAsync("run-1", CancellationToken.None);
        Assert.Equal(137, (await Runtime.WaitAsync("run-1", CancellationToken.None)).Code);
    }

    [Fact]
    public async Task Kill_RightAfterStart_IsGone()
    {
        await StartAsync("sleep 60");
        await Runtime.KillAsync("run-1", CancellationToken.None);
        await Runtime.WaitAsync("run-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(90));
    }

    [Fact]
    public async Task Listener_IsReachedAtItsAddress()
    {
        var state = await StartAsync(Server);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens");
    }

    [Fact]
    public async Task Reopen_RunningAndEndedRuns_AreAdopted()
    {
        var state = await StartAsync(Server);
        await StartAsync("exit 4", "run-2");
        await Runtime.WaitAsync("run-2", CancellationToken.None);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens");
        await Machine.ReopenAsync();
        Assert.Equal(["run-1", "run-2"], Runtime.List().Select(run => run.Id).Order());
        Assert.Equal(state, Runtime.Find("run-1"));
        Assert.Equal(4, Runtime.Find("run-2")!.Exit?.Code);
        Assert.True(await CanConnectAsync(state.Address, state.Port));
        await Runtime.TerminateAsync("run-1", CancellationToken.None);
        Assert.False((await Runtime.WaitAsync("run-1", CancellationToken.None)).OutOfMemory);
    }

    [Fact]
    public async Task Remove_RunningRun_LeavesNothing()
    {
        var state = await StartAsync(Server);
        await Wait.UntilAsync(() => CanConnectAsync(state.Address, state.Port), "it listens");
        await Runtime.RemoveAsync("run-1", CancellationToken.None);
        Assert.Null(Runtime.Find("run-1"));
        Assert.Empty(Directory.GetDirectories(Machine.Machine.Paths.Runs));
        Assert.False(await CanConnectAsync(state.Address, state.Port));
        await StartAsync("true");
    }

    [Fact]
    public async Task Start_WritesToApp_DoNotChangeTheImage()
    {
        var exit = await RunAsync("echo new > greeting && echo more > added && rm greeting && ls");
        Assert.Equal(0, exit.Code);
        Assert.Equal("added", File.ReadAllText(Log).Trim());
        Assert.Equal("hi", File.ReadAllText(Path.Combine(appFolder!, "greeting")));
    }

    protected string Log => Path.Combine(Machine.Machine.Paths.Logs, "run-1.log.0");

    private string? appFolder;

    private int ShimPid() =>
        int.Parse(File.ReadAllText(Path.Combine(Machine.Machine.Paths.Runs, "run-1", "pid")).Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<string> Processes() => Directory.GetDirectories("/proc").Select(CommandOf);

    private static string CommandOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private const string Server =
        "exec /usr/bin/python3 -c 'import os,http.server as h; h.ThreadingHTTPServer((os.environ[\"HOST\"],int(os.environ[\"PORT\"])),h.SimpleHTTPRequestHandler).serve_forever()'";

    protected RunRequest Request(string script, string id = "run-1", Dictionary<string, string>? env = null)
    {
        appFolder ??= Machine.App(("greeting", "hi"));
        Posixly.OpenForAll(appFolder);
        return new RunRequest
        {
            Id = id,
            Command = ["/bin/sh", "-c", script],
            Env = env ?? [],
            AppFolder = appFolder,
            LogFile = Path.Combine(Machine.Machine.Paths.Logs, id + ".log"),
            Port = 8080,
            Endpoint = e =>
                new Dictionary<string, string> { ["PORT"] = $"{e.Port}", ["HOST"] = e.ListenHost, ["GATEWAY"] = e.Gateway ?? "" },
            MemoryBytes = 128 << 20,
        };
    }

    protected async Task<RunState> StartAsync(string script, string id = "run-1") =>
        (await Runtime.StartAsync(Request(script, id), CancellationToken.None)).Value;

    protected Task<RunExit> RunAsync(string script, Dictionary<string, string>? env = null) => RunAsync(Request(script, env: env));

    protected async Task<RunExit> RunAsync(RunRequest request)
    {
        Assert.True((await Runtime.StartAsync(request, CancellationToken.None)).IsOk);
        return await Runtime.WaitAsync(request.Id, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(120));
    }

    protected static async Task<bool> CanConnectAsync(string address, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var deadline = new CancellationTokenSource(5000);
        try
        {
            await socket.ConnectAsync(address, port, deadline.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}

internal static class Posixly
{
    /// <summary>As an unpacked layer is: for every user, because each instance has its own.</summary>
    public static void OpenForAll(string folder)
    {
        using var chmod = Process.Start("chmod", ["-R", "a+rwX", folder]);
        chmod.WaitForExit();
    }
}

public sealed class ProcessRuntimeTests : RuntimeContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Process;

    [Fact]
    public async Task Start_WholeRoot_IsRefused() =>
        Assert.Equal(
            "IMAGE_NEEDS_OCI",
            (await Runtime.StartAsync(Request("true") with { RootWorkFolder = "/" }, CancellationToken.None)).Error?.Code);

    [Fact]
    public void NotIsolated_SaysSo() =>
        Assert.Contains("nothing limits their memory", string.Join(' ', Runtime.NotIsolated), StringComparison.Ordinal);
}
