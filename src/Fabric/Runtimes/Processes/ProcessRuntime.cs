using System.Net;
using System.Net.Sockets;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Runtimes.Processes;

/// <summary>
/// Runs instances as ordinary processes of this user, on a loopback port chosen free, each in a copy of its application. For machines on
/// which nothing better works; it isolates nothing and limits nothing.
/// </summary>
internal sealed class ProcessRuntime : IRuntime
{
    private const string Loopback = "127.0.0.1";

    /// <summary>
    /// Below the kernel's ephemeral ports, so that an edge can distinguish instances from most other services on loopback.
    /// </summary>
    private static readonly PortRange Ports = new(20_000, 29_999);

    private static readonly TimeSpan ShimEndsWithin = TimeSpan.FromSeconds(10);

    private readonly RunTable runs;
    private readonly TimeProvider time;
    private readonly NodePaths paths;
    private readonly string shim;
    private readonly string reason;

    /// <param name="reason">Why nothing better works, as a clause without a full stop.</param>
    public ProcessRuntime(NodePaths paths, TimeProvider time, string reason)
    {
        (this.paths, this.time, this.reason) = (paths, time, reason);
        runs = new RunTable(paths.Runs, MemoryFiles.Of(paths, "runs"), time);
        runs.Adopt();
        shim = Path.Combine(paths.State, "process-shim.sh");
        AtomicFile.Write(shim, EmbeddedText.Read("process-shim.sh"));
        LogWriter.Install(paths);
    }

    public string Name => "process";

    public IReadOnlyList<string> NotIsolated =>
    [
        $"Instances run as plain processes, because {reason}.",
        $"They can read the files of the user {Environment.UserName}, reach every service of this machine and one another, and nothing limits their memory, CPU or disk.",
    ];

    public IReadOnlyList<string> InstanceSubnets => [$"{Loopback}/32"];

    public PortRange? HostPorts => Ports;

    public IReadOnlyList<RunState> List() => runs.List();

    public RunState? Find(string id) => runs.Find(id)?.State();

    public RunStats? Stats(string id) => null;

    public async Task<Result<RunState>> StartAsync(RunRequest request, CancellationToken cancellationToken)
    {
        if (request.RootWorkFolder is not null) return NeedsOci(reason);
        if (paths.Disk.IsShort) return paths.Disk.Error;
        if (!runs.Create(request.Id).TryGet(out var folder, out var error)) return error;
        var app = Path.Combine(folder, "app");
        var copied = await HostCommand.RunAsync("cp", ["-a", "--reflink=auto", request.AppFolder, app], cancellationToken);
        if (!copied.Ok)
            return new Error(
                ErrorKind.Unavailable, "RUN_NOT_STARTED", $"The application could not be copied: {copied.Complaint}.") { Retryable = true };
        if (FreePort() is not { } port)
            return new Error(ErrorKind.Unavailable, "RUN_NOT_STARTED", "All ports for instances are in use.") { Retryable = true };
        try
        {
            return await Task.Run(() => Start(request, folder, app, port), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            if (runs.Find(request.Id) is { } begun) runs.Remove(begun); // no shim has it
            return new Error(ErrorKind.Unavailable, "RUN_NOT_STARTED", $"The instance could not be started: {e.Message.TrimEnd('.')}.")
            {
                Retryable = true,
            };
        }
    }

    public async Task<Result<RunState>> RestartAsync(string id, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) return paths.Disk.Error;
        if (runs.Find(id) is { } run && run.Exit() is not null) await SettleAsync(run, cancellationToken);
        return await Task.Run(() => runs.Restart(id), cancellationToken);
    }

    // The shim leads a process group of its own: a signal to the group reaches the program and what it started.
    public async Task TerminateAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is { } run && await run.ShimPidAsync(cancellationToken) is { } pid) _ = Posix.Kill(-pid, Posix.SigTerm);
    }

    public async Task KillAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is not { } run) return;
        run.ExpectKill();
        if (await run.ShimPidAsync(cancellationToken) is { } pid) await Posix.KillGroupAsync(pid, time);
    }

    public Task<RunExit> WaitAsync(string id, CancellationToken cancellationToken) =>
        runs.Find(id) is { } run ? run.WaitAsync(cancellationToken) : Task.FromResult(new RunExit(-1));

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is not { } run) return;
        await KillAsync(id, cancellationToken);
        await SettleAsync(run, cancellationToken);
        runs.Remove(run);
    }

    /// <summary>A shim that was killed leaves the program and what it started; its session is theirs.</summary>
    private async Task SettleAsync(RunFolder run, CancellationToken cancellationToken)
    {
        if (!await run.HasFinishedAsync(ShimEndsWithin, cancellationToken) && run.LastShimPid is { } pid)
            await Posix.KillSessionAsync(pid, time);
    }

    private RunState Start(RunRequest request, string folder, string app, int port)
    {
        var endpoint = new RunEndpoint(Loopback, port, Gateway: null);
        var machine = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = app };
        var shimEnv = new Dictionary<string, string> { ["S_DIR"] = folder, ["S_CWD"] = app, ["S_LOG"] = request.LogFile };
        var run = runs.Add(folder, new RunFile(request.Id, Loopback, port, time.GetUtcNow(), 0, request.AppFolder));
        run.Start(
            new ShimStart(
                shim, request.Command, Oci.OciRuntime.Merge(
                    machine, request.Env, request.Endpoint?.Invoke(endpoint), shimEnv, LogWriter.Environment(paths))));
        return run.State();
    }

    private static Error NeedsOci(string reason) => new(
        ErrorKind.Unprocessable, "IMAGE_NEEDS_OCI",
        $"The application is a whole container image, and this node can only start plain processes, because {reason}.",
        "Run Strata as root on Linux with runc or crun installed, or say in strata.yaml how to build and run the source without its Dockerfile.");

    /// <summary>From a random place in the range on, because other clouds on this machine look for one too.</summary>
    private static int? FreePort()
    {
        var count = Ports.Last - Ports.First + 1;
        var start = Random.Shared.Next(count);
        return Enumerable.Range(0, count).Select(i => (int?)(Ports.First + ((start + i) % count)))
            .FirstOrDefault(port => CanListen(port!.Value));
    }

    private static bool CanListen(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // As programs do: connections that linger from an instance before do not keep the port.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
