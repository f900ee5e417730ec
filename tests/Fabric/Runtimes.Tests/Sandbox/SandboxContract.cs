using Strata.Runtimes;
using Strata.Runtimes.Sandbox;
using Strata.Runtimes.Tests.Machines;

namespace Strata.Runtimes.Tests.Sandbox;

/// <summary>What holds for every sandbox.</summary>
public abstract class SandboxContract : IAsyncLifetime
{
    private readonly List<string> lines = [];
    private TestMachine? machine;

    protected abstract RuntimeChoice Choice { get; }

    internal TestMachine Machine => machine!;
    protected ISandbox Sandbox => Machine.Machine.Sandbox;
    protected IReadOnlyList<string> Lines => lines;

    public async ValueTask InitializeAsync() => machine = await TestMachine.OpenAsync(Choice);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (machine is not null) await machine.DisposeAsync();
    }

    [Fact]
    public async Task Run_GoodCommand_SucceedsAndItsResultIsThere()
    {
        await using var workspace = await WorkspaceAsync();
        await File.WriteAllTextAsync(Path.Combine(workspace.Folder, "in"), "data");
        var outcome = await RunAsync(workspace, "cat in; mkdir out && cp in out/result && echo cache > $HOME/cached && echo ok >&2");
        Assert.IsType<SandboxOutcome.Succeeded>(outcome);
        Assert.Equal(["dataok"], Lines);
        Assert.Equal("data", await File.ReadAllTextAsync(Path.Combine(workspace.Folder, "out", "result")));
        Assert.IsType<SandboxOutcome.Succeeded>(await RunAsync(workspace, "cat $HOME/cached"));
    }

    [Fact]
    public async Task Run_Subfolder_StartsThere()
    {
        await using var workspace = await WorkspaceAsync();
        Directory.CreateDirectory(Path.Combine(workspace.Folder, "a", "b"));
        await RunAsync(Request(workspace, "basename $PWD") with { Subfolder = "a/b" });
        Assert.Equal(["b"], Lines);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("/etc")]
    [InlineData("missing")]
    public async Task Run_SubfolderElsewhere_IsRefused(string folder)
    {
        await using var workspace = await WorkspaceAsync();
        Assert.IsType<SandboxOutcome.NotStarted>(await RunAsync(Request(workspace, "true") with { Subfolder = folder }));
    }

    [Fact]
    public async Task Run_FailingCommand_TellsExitCode()
    {
        await using var workspace = await WorkspaceAsync();
        Assert.Equal(new SandboxOutcome.Failed(9), await RunAsync(workspace, "exit 9"));
        var missing = await RunAsync(workspace, "no-such-tool-xyz");
        Assert.Equal("The command was not found (exit code 127).", missing.Sentence);
    }

    [Fact]
    public async Task Run_EndlessLoop_TimesOut()
    {
        await using var workspace = await WorkspaceAsync();
        var outcome = await RunAsync(
            Request(workspace, "echo begun; while :; do :; done") with { Limits = new SandboxLimits { Time = TimeSpan.FromSeconds(5) } });
        Assert.Equal("The command did not finish within 5 s; it was stopped. Raise build.timeoutSeconds in strata.yaml if it needs longer.",
            outcome.Sentence);
        Assert.Equal(["begun"], Lines);
    }

    [Fact]
    public async Task Run_IgnoresTermAndLeavesChildren_AllAreStopped()
    {
        await using var workspace = await WorkspaceAsync();
        var request = Request(
            workspace, "trap '' TERM; (trap '' TERM; while :; do echo x > tick; sleep 0.05; done) & sleep 60") with { Limits =
                new SandboxLimits { Time = TimeSpan.FromSeconds(4) } };
        Assert.IsType<SandboxOutcome.TimedOut>(await RunAsync(request));
        File.Delete(Path.Combine(workspace.Folder, "tick"));
        await Task.Delay(300);
        Assert.False(File.Exists(Path.Combine(workspace.Folder, "tick")));
    }

    [Fact]
    public async Task Run_Cancelled_SaysSo()
    {
        await using var workspace = await WorkspaceAsync();
        using var cancel = new CancellationTokenSource();
        var run = Sandbox.RunAsync(Request(workspace, "echo begun; sleep 60") with { OnLine = _ => cancel.Cancel() }, cancel.Token);
        Assert.IsType<SandboxOutcome.Cancelled>(await run.WaitAsync(TimeSpan.FromSeconds(90)));
    }

    [Fact]
    public async Task Run_WritesGigabytes_IsStoppedAtTheLimit()
    {
        await using var workspace = (await Sandbox.CreateWorkspaceAsync(48 << 20, CancellationToken.None)).Value;
        var outcome = await RunAsync(
            workspace,
            "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=big$i bs=1M count=16 2>/dev/null || exit 1; sleep 0.3; done; sleep 5");
        Assert.Equal(
            "The command wrote more than its 48 MiB of disk and failed. Raise build.diskBytes in the deployment's spec if it needs more.",
            outcome.Sentence);
    }

    [Fact]
    public async Task Run_FloodsItsLog_IsCut()
    {
        await using var workspace = await WorkspaceAsync();
        var limits = new SandboxLimits { LogBytesMax = 100_000, LineCharsMax = 50 };
        var outcome = await RunAsync(
            Request(workspace, "head -c 5000000 /dev/zero | tr '\\0' x; yes | head -n 500000") with { Limits = limits });
        Assert.True(outcome.IsSuccess);
        Assert.True(Lines.Sum(line => line.Length) < 100_200);
        Assert.Equal(new string('x', 50) + "…", Lines[0]);
        Assert.Contains("rest is not kept", Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispose_Workspace_IsGone()
    {
        var workspace = await WorkspaceAsync();
        await RunAsync(workspace, "mkdir -p a/b && touch a/b/c && chmod 000 a/b a");
        await workspace.DisposeAsync();
        Assert.Empty(Directory.GetDirectories(Machine.Machine.Paths.Workspaces));
    }

    [Fact]
    public async Task Reopen_LeftoverBuilds_AreEnded()
    {
        var workspace = await WorkspaceAsync();
        var run = RunAsync(workspace, "while :; do echo x > tick; sleep 0.05; done");
        var tick = Path.Combine(workspace.Folder, "tick");
        await Wait.UntilAsync(() => File.Exists(tick), "it runs");
        await Machine.ReopenAsync();
        Assert.False(Directory.Exists(workspace.Folder));
        await run.WaitAsync(TimeSpan.FromSeconds(90));
    }

    [Theory]
    [InlineData("node -e 'console.log(6*7)'", "/usr/bin/node")]
    [InlineData("python3 -c 'print(6*7)'", "/usr/bin/python3")]
    [InlineData("npm --version >/dev/null && echo 42", "/usr/bin/npm")]
    [InlineData("git init -q . && echo 42", "/usr/bin/git")]
    public async Task Run_ToolsOfTheMachine_Work(string command, string tool)
    {
        Assert.SkipUnless(File.Exists(tool), $"{tool} is not installed");
        await using var workspace = await WorkspaceAsync();
        var outcome = await RunAsync(workspace, command);
        Assert.True(outcome.IsSuccess, outcome.Sentence + string.Join('\n', Lines));
        Assert.Equal("42", Lines[^1]);
    }

    [Fact]
    public async Task Run_DotnetBuild_WorksOffline()
    {
        Assert.SkipUnless(
            Directory.Exists("/usr/share/dotnet/sdk") || Directory.Exists("/usr/lib/dotnet/sdk"), ".NET is not installed below /usr");
        await using var workspace = await WorkspaceAsync();
        await File.WriteAllTextAsync(Path.Combine(workspace.Folder, "x.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>
            """);
        await File.WriteAllTextAsync(Path.Combine(workspace.Folder, "x.cs"), "System.Console.WriteLine(42);");
        var outcome = await RunAsync(workspace, "dotnet publish -o out -v q --nologo && dotnet out/x.dll");
        Assert.True(outcome.IsSuccess, outcome.Sentence + string.Join('\n', Lines));
        Assert.Equal("42", Lines[^1]);
    }

    protected async Task<IWorkspace> WorkspaceAsync() => (await Sandbox.CreateWorkspaceAsync(1L << 30, CancellationToken.None)).Value;

    protected SandboxRun Request(IWorkspace workspace, string script) => new()
    {
        Workspace = workspace,
        Command = ["/bin/sh", "-c", script],
        OnLine = lines.Add,
        Limits = new SandboxLimits { Time = TimeSpan.FromMinutes(8) },
    };

    protected Task<SandboxOutcome> RunAsync(IWorkspace workspace, string script) => RunAsync(Request(workspace, script));

    protected Task<SandboxOutcome> RunAsync(SandboxRun run) => Sandbox.RunAsync(run, CancellationToken.None);
}

public sealed class ProcessSandboxTests : SandboxContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Process;
}

public sealed class OciSandboxTests : SandboxContract
{
    protected override RuntimeChoice Choice => RuntimeChoice.Oci;

    [Fact]
    public async Task Run_MemoryHog_IsTold()
    {
        await using var workspace = await WorkspaceAsync();
        var outcome = await RunAsync(
            Request(workspace,
                "/usr/bin/python3 -c 'x=[bytearray(1<<20) for i in range(400)]'; exit 1") with { Limits =
                    new SandboxLimits { MemoryBytes = 96 << 20 } });
        Assert.Equal(
            "The command needed more than its 96 MiB of memory and was stopped. Raise build.memoryBytes in strata.yaml if it needs more.",
            outcome.Sentence);
    }

    [Fact]
    public async Task Run_ForkBomb_HarmsNobody()
    {
        await using var workspace = await WorkspaceAsync();
        var limits = new SandboxLimits { PidsMax = 64, Time = TimeSpan.FromSeconds(4) };
        var outcome = await RunAsync(Request(workspace, "b() { b | b & }; b; sleep 60") with { Limits = limits });
        Assert.False(outcome.IsSuccess);
    }

    [Fact]
    public async Task Run_SeesOnlyItsWorkFolder()
    {
        await using var workspace = await WorkspaceAsync();
        await using var other = await WorkspaceAsync();
        await RunAsync(
            workspace,
            $"ls {Machine.Home} {other.Folder} /root /etc/shadow 2>&1 | grep -cv 'cannot access'; pwd; touch /usr/x 2>&1 | grep -c Read-only");
        Assert.Equal(["0", "/work", "1"], Lines);
    }

    [Fact]
    public async Task Run_CannotReachTheMachine()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        await using var workspace = await WorkspaceAsync();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var outcome = await RunAsync(workspace, $"timeout 2 bash -c '</dev/tcp/127.0.0.1/{port}'");
        Assert.False(outcome.IsSuccess);
    }
}
