using Strata.Core;

namespace Strata.Runtimes.Oci;

/// <summary>
/// Runs instances as OCI bundles on the stack <c>host</c>, or on an image's own root file system: namespaces and an address of their own, a
/// user of their own without capabilities, a system call filter, limits by cgroups, a writable layer of limited size. No daemon: each run
/// is held by a shim that outlives this process.
/// </summary>
internal sealed class OciRuntime : IRuntime
{
    internal const long TmpBytesMax = 256L << 20;
    private const long RunBytesMax = 16L << 20;
    private const int TerminateTries = 100;

    private readonly OciHost host;
    private readonly NodePaths paths;
    private readonly MemoryFiles memory;
    private readonly RunTable runs;
    private readonly TimeProvider time;

    public OciRuntime(OciHost host, NodePaths paths, TimeProvider time)
    {
        (this.host, this.paths, this.time) = (host, paths, time);
        memory = MemoryFiles.Of(paths, "runs");
        runs = new RunTable(paths.Runs, memory, time);
        foreach (var run in runs.Adopt()) host.Network.Addresses.Adopt(run.File.Host, run.Id);
    }

    public string Name => "oci";

    public IReadOnlyList<string> NotIsolated => [.. new[] { host.Network.Shortcoming, memory.Shortcoming }.OfType<string>()];

    public IReadOnlyList<string> InstanceSubnets => [host.Network.Subnet.ToString()];

    public IReadOnlyList<RunState> List() => runs.List();

    public RunState? Find(string id) => runs.Find(id)?.State();

    public RunStats? Stats(string id) => runs.Find(id) is { } run && run.Exit() is null ? Cgroups.Stats(host.CgroupPath(id)) : null;

    public async Task<Result<RunState>> StartAsync(RunRequest request, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) return paths.Disk.Error;
        if (!runs.Create(request.Id).TryGet(out var folder, out var error)) return error;
        if (host.Network.Addresses.Take(request.Id) is not { } number) return NotStarted("all addresses of this node's network are in use");
        try
        {
            // Off this thread: starting a process waits until the kernel has taken the program.
            return await Task.Run(() => Start(request, folder, number), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            if (runs.Find(request.Id) is { } begun) runs.Remove(begun); // no shim has it
            host.Network.Addresses.Release(number, request.Id);
            return NotStarted(e.Message.TrimEnd('.'));
        }
    }

    public async Task<Result<RunState>> RestartAsync(string id, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) return paths.Disk.Error;
        if (runs.Find(id) is { } run && run.Exit() is not null) await host.SettleAsync(run, cancellationToken);
        return await Task.Run(() => runs.Restart(id), cancellationToken);
    }

    public async Task TerminateAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is not { } run) return;
        // Where process 1 is ours it passes the signal on to all others; an image's own knows nothing of that.
        if (run.File.IsWholeRoot && Cgroups.Processes(host.CgroupPath(id)) is { Count: > 0 } processes)
        {
            foreach (var pid in processes) _ = Posix.Kill(pid, Posix.SigTerm);
            return;
        }
        for (var tries = 0; tries < TerminateTries && run.Exit() is null; tries++)
        {
            if ((await host.Tool.KillAsync(id, Posix.SigTerm, cancellationToken)).Ok) return;
            // It has not come into being yet.
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    public async Task KillAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is { } run && run.Exit() is null) await host.KillAsync(run, cancellationToken);
    }

    public Task<RunExit> WaitAsync(string id, CancellationToken cancellationToken) =>
        runs.Find(id) is { } run ? run.WaitAsync(cancellationToken) : Task.FromResult(new RunExit(-1));

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (runs.Find(id) is not { } run) return;
        if (run.Exit() is null)
        {
            await KillAsync(id, cancellationToken);
            await run.WaitAsync(cancellationToken);
        }
        await host.SettleAsync(run, cancellationToken);
        runs.Remove(run);
        host.Network.Addresses.Release(run.File.Host, id);
    }

    private RunState Start(RunRequest request, string folder, int number)
    {
        var address = host.Network.Subnet.Address(number);
        var bundle = Bundle(host, request, folder, number);
        var run = runs.Add(
            folder, new RunFile(
                request.Id, address, request.Port, time.GetUtcNow(), number, request.AppFolder, request.RootWorkFolder is not null));
        run.Start(
            host.Prepare(
                run, bundle, number, request.LogFile, request.DiskBytes, request.RootWorkFolder is null ? null : request.AppFolder));
        return run.State();
    }

    internal static OciBundle Bundle(OciHost host, RunRequest request, string folder, int number)
    {
        var endpoint = request.Endpoint?.Invoke(new RunEndpoint("0.0.0.0", request.Port, host.Network.Subnet.Gateway));
        var etc = host.WriteEtc(folder, number, request.Hostname ?? "instance");
        var bundle = new OciBundle
        {
            Id = request.Id,
            Hostname = request.Hostname ?? request.Id.Replace('_', '-'),
            Root = host.Stack.Root,
            Args = OciHost.WithInit(request.Command),
            Env = Merge(BaseEnv, request.Env, endpoint),
            WorkFolder = "/app",
            Uid = host.Uid(number),
            Mounts = [.. host.Stack.Mounts, .. etc, .. Writable(request, folder, host.Uid(number))],
            CgroupPath = host.CgroupPath(request.Id),
            MemoryBytes = request.MemoryBytes,
            Cpu = request.Cpu,
            PidsMax = request.PidsMax,
        };
        return request.RootWorkFolder is { } workFolder
            ? new ImageRoot(host.Stack, folder).Take(bundle, request, endpoint, workFolder) : bundle;
    }

    /// <summary>
    /// The writable view of /app is on a disk image of limited size, not in memory, so that data which a program writes does not eat its
    /// memory.
    /// </summary>
    private static IEnumerable<OciMount> Writable(RunRequest request, string folder, int uid) =>
    [
        new("overlay", "/app", "overlay",
            [$"lowerdir={request.AppFolder}", $"upperdir={folder}/disk/upper", $"workdir={folder}/disk/work", "nosuid", "nodev"]),
        OciMount.Tmpfs("/tmp", TmpBytesMax, "1777"),
        OciMount.Tmpfs("/var/tmp", TmpBytesMax, "1777"),
        OciMount.Tmpfs("/run", RunBytesMax, "755", uid),
    ];

    private static readonly Dictionary<string, string> BaseEnv = new()
    {
        ["PATH"] = "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["HOME"] = "/app",
        ["LANG"] = "C.UTF-8",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    internal static Dictionary<string, string> Merge(params IReadOnlyDictionary<string, string>?[] layers)
    {
        var merged = new Dictionary<string, string>();
        foreach (var (key, value) in layers.OfType<IReadOnlyDictionary<string, string>>().SelectMany(layer => layer)) merged[key] = value;
        return merged;
    }

    private static Error NotStarted(string reason) =>
        new(ErrorKind.Unavailable, "RUN_NOT_STARTED", $"The instance could not be started: {reason}.") { Retryable = true };
}
