using System.Diagnostics;
using System.Net.Sockets;
using Strata.Nodes.Runtime;

namespace Strata.Nodes.Tests.Runtime;

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

    protected string Log => Path.Combine(Machine.Machine.Paths.Logs, "run-1.log");

    private string? appFolder;

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
            Endpoint = e => new Dictionary<string, string> { ["PORT"] = $"{e.Port}", ["HOST"] = e.ListenHost, ["GATEWAY"] = e.Gateway ?? "" },
            MemoryBytes = 128 << 20,
        };
    }

    protected async Task<RunState> StartAsync(string script, string id = "run-1") => (await Runtime.StartAsync(Request(script, id), CancellationToken.None)).Value;

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
        Assert.Equal("IMAGE_NEEDS_OCI", (await Runtime.StartAsync(Request("true") with { RootWorkFolder = "/" }, CancellationToken.None)).Error?.Code);

    [Fact]
    public void NotIsolated_SaysSo() => Assert.Contains("nothing limits their memory", string.Join(' ', Runtime.NotIsolated), StringComparison.Ordinal);
}
