using System.Net;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Runtimes;
using Strata.Runtimes.Network;
using Strata.Runtimes.Oci;
using Strata.Runtimes.Processes;
using Strata.Runtimes.Sandbox;

namespace Strata.Runtimes;

/// <summary>Which runtime to use.</summary>
public enum RuntimeChoice
{
    /// <summary>The best that works.</summary>
    Auto,
    Oci,
    Process,
}

/// <summary>What an operator sets for a machine.</summary>
public sealed record NodeMachineOptions
{
    /// <summary>Private networks that instances and builds may reach.</summary>
    public IReadOnlyList<IPNetwork> EgressAllowed { get; init; } = [];

    /// <summary>Free space on the disk that is left to the platform.</summary>
    public long DiskReserveBytes { get; init; }
}

/// <summary>
/// This machine as a place for instances and builds: finds out by trying which runtime works, and holds what its runtime and its sandbox
/// share. One per home folder and process; opening it twice at a time would hand out addresses twice.
/// </summary>
public sealed class NodeMachine
{
    /// <summary>From SIGTERM to SIGKILL when the whole cloud ends.</summary>
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    /// <summary>A file in the node's state: the runtime oci has worked here.</summary>
    private const string OciMark = "oci-worked";

    private readonly BridgeNetwork? network;
    private readonly TimeProvider time;

    private NodeMachine(NodePaths paths, IRuntime runtime, ISandbox sandbox, BridgeNetwork? network, TimeProvider time) =>
        (Paths, Runtime, Sandbox, this.network, this.time) = (paths, runtime, sandbox, network, time);

    public NodePaths Paths { get; }

    /// <summary>Holds what a former life started.</summary>
    public IRuntime Runtime { get; }

    public ISandbox Sandbox { get; }

    /// <summary>
    /// Where the API relay listens for instances: the bridge's own address and port. Null without a private network: instances then use
    /// loopback.
    /// </summary>
    public (string Address, int Port)? Relay => network is null ? null : (network.Subnet.Gateway, network.RelayPort);

    /// <summary>With the options of a machine for which nothing is set.</summary>
    public static Task<NodeMachine> OpenAsync(
        string home, RuntimeChoice choice, TimeProvider time, ILogger<NodeMachine> logger, CancellationToken cancellationToken) =>
        OpenAsync(home, choice, new NodeMachineOptions(), time, logger, cancellationToken);

    /// <param name="home">STRATA_HOME.</param>
    /// <exception cref="StrataException">RUNTIME_UNAVAILABLE when <paramref name="choice"/> asks for what does not work here.</exception>
    public static async Task<NodeMachine> OpenAsync(
        string home, RuntimeChoice choice, NodeMachineOptions options, TimeProvider time, ILogger<NodeMachine> logger,
        CancellationToken cancellationToken)
    {
        var paths = new NodePaths(home) { DiskReserveBytes = options.DiskReserveBytes };
        var reason = choice == RuntimeChoice.Process ? "the settings ask for it" : WhyNotOci();
        if (reason is null)
        {
            var (machine, problem) = await TryOciAsync(paths, options, time, logger, cancellationToken);
            if (machine is not null)
            {
                AtomicFile.Write(Path.Combine(paths.State, OciMark), "");
                return machine;
            }
            reason = problem;
        }
        if (choice == RuntimeChoice.Oci) throw Unavailable(reason).ToException();
        // What hinders it may pass, such as a full disk, and instances must not lose their isolation for it.
        if (choice == RuntimeChoice.Auto && File.Exists(Path.Combine(paths.State, OciMark))) throw WorkedBefore(reason).ToException();
        logger.FallsBack(reason);
        return await ProcessesAsync(paths, time, reason, cancellationToken);
    }

    /// <summary>Stops everything and takes bridge, rules and groups away: for a cloud that ends, not for a restart.</summary>
    public async Task TearDownAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Runtime.List().Select(run => EndAsync(run.Id, cancellationToken)));
        new MemoryFolder(Paths).Remove();
        if (network is null) return;
        await network.TearDownAsync(cancellationToken);
        Cgroups.RemoveCloud(Paths.CloudId);
        OciTool.RemoveState(Paths.CloudId);
    }

    /// <summary>How many runs there are that an earlier process started in this data folder and that still run. Changes nothing.</summary>
    public static int CountRunning(string home, TimeProvider time)
    {
        var folder = Path.Combine(new NodePaths(home).Root, "runs");
        return Directory.Exists(folder) ? Directory.GetDirectories(folder)
            .Count(path => RunFolder.Open(path, MemoryFiles.None, time) is { } run && run.Exit() is null) : 0;
    }

    private async Task EndAsync(string id, CancellationToken cancellationToken)
    {
        await Runtime.TerminateAsync(id, cancellationToken);
        try
        {
            await Runtime.WaitAsync(id, cancellationToken).WaitAsync(EndsWithin, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It is killed.
        }
        await Runtime.RemoveAsync(id, cancellationToken);
    }

    private static string? WhyNotOci()
    {
        if (!OperatingSystem.IsLinux()) return "this machine is not Linux";
        if (!Posix.IsRoot) return "Strata does not run as root";
        return new[] { "ip", "nsenter", "unshare", "setsid" }.FirstOrDefault(name => HostCommand.Find(name) is null) is { } missing
            ? $"{missing} is not installed" : null;
    }

    private static async Task<(NodeMachine? Machine, string Problem)> TryOciAsync(
        NodePaths paths, NodeMachineOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            var tools = await OciTool.InstalledAsync(paths.CloudId, cancellationToken);
            if (tools.Count == 0) return (null, "neither runc nor crun is installed");
            var network = await BridgeNetwork.SetUpAsync(paths, options.EgressAllowed, cancellationToken);
            var problem = "";
            foreach (var tool in tools)
            {
                var host = OciHost.Create(tool, network, paths, time);
                problem = await OciProbe.TryAsync(host, paths, time, cancellationToken);
                if (problem is null) return (await OciAsync(host, paths, time, cancellationToken), "");
                logger.ToolFails(tool.Name, problem);
            }
            await network.TearDownAsync(cancellationToken);
            OciTool.RemoveState(paths.CloudId);
            return (null, $"{string.Join(" and ", tools.Select(tool => tool.Name))} cannot start a container here ({problem})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }

    private static async Task<NodeMachine> OciAsync(OciHost host, NodePaths paths, TimeProvider time, CancellationToken cancellationToken)
    {
        var runtime = new OciRuntime(host, paths, time);
        var sandbox = new OciSandbox(host, paths, time);
        await sandbox.SweepAsync(cancellationToken);
        return new NodeMachine(paths, runtime, sandbox, host.Network, time);
    }

    private static async Task<NodeMachine> ProcessesAsync(
        NodePaths paths, TimeProvider time, string reason, CancellationToken cancellationToken)
    {
        var sandbox = new ProcessSandbox(paths, time, reason);
        await sandbox.SweepAsync(cancellationToken);
        return new NodeMachine(paths, new ProcessRuntime(paths, time, reason), sandbox, network: null, time);
    }

    private static Error WorkedBefore(string reason) => new(
        ErrorKind.Unavailable, "RUNTIME_UNAVAILABLE",
        $"The runtime oci does not work here any more: {reason}. This node has run its instances with it, and does not run them without isolation instead.",
        "Correct that (strata doctor) and start again, or choose plain processes: --runtime process.");

    private static Error Unavailable(string reason) => new(
        ErrorKind.Unavailable, "RUNTIME_UNAVAILABLE", $"The runtime oci does not work here: {reason}.",
        "Run strata doctor, or use the runtime process.");
}
