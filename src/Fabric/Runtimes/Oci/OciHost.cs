using System.Globalization;
using Strata.Core;
using Strata.Runtimes.Network;
using Strata.Runtimes.Sandbox;

namespace Strata.Runtimes.Oci;

/// <summary>What OCI runs and OCI sandboxes on this machine share: the tool, the root, the network, the shim.</summary>
internal sealed class OciHost
{
    private const int UidBase = 1_000_000;
    private const int UidsPerCloud = 1024;
    private const int KillTries = 100;

    private static readonly TimeSpan ShimEndsWithin = TimeSpan.FromSeconds(10);

    private readonly string cloudId;
    private readonly string shim;
    private readonly NodePaths paths;
    private readonly TimeProvider time;

    private OciHost(OciTool tool, HostStack stack, BridgeNetwork network, NodePaths paths, string shim, TimeProvider time) =>
        (Tool, Stack, Network, cloudId, this.paths, this.shim, this.time) = (tool, stack, network, paths.CloudId, paths, shim, time);

    public OciTool Tool { get; }
    public HostStack Stack { get; }
    public BridgeNetwork Network { get; }

    /// <summary>Wraps a command so that process 1 passes signals on and reaps orphans.</summary>
    public static IReadOnlyList<string> WithInit(IReadOnlyList<string> command) =>
        ["/bin/sh", "-c", EmbeddedText.Read("init.sh"), "init", .. command];

    public static OciHost Create(OciTool tool, BridgeNetwork network, NodePaths paths, TimeProvider time)
    {
        var shim = Path.Combine(paths.State, "oci-shim.sh");
        // Shells read a script as they go: one that running shims read must be replaced, never overwritten.
        AtomicFile.Write(shim, EmbeddedText.Read("oci-shim.sh"));
        LogWriter.Install(paths);
        return new OciHost(tool, HostStack.Prepare(paths.Stack), network, paths, shim, time);
    }

    public string CgroupPath(string id) => Cgroups.Path(cloudId, id);

    /// <summary>A user that no account of this machine, no other run and (but for a clash of hashes) no other cloud has.</summary>
    public int Uid(int host) => UidBase + ((int)(Convert.ToUInt32(cloudId, 16) & 0x7fff) * UidsPerCloud) + host;

    /// <summary>Writes what the bundle at this folder needs and returns the mounts for it: accounts and names of its own.</summary>
    public IReadOnlyList<OciMount> WriteEtc(string folder, int host, string hostname)
    {
        var uid = Uid(host);
        File.WriteAllText(Path.Combine(folder, "passwd"), $"root:x:0:0:root:/:/usr/sbin/nologin\napp:x:{uid}:{uid}:app:/app:/bin/sh\n");
        File.WriteAllText(Path.Combine(folder, "group"), $"root:x:0:\napp:x:{uid}:\n");
        File.WriteAllText(
            Path.Combine(folder, "hosts"), $"127.0.0.1 localhost\n::1 localhost\n{Network.Subnet.Address(host)} {hostname}\n");
        return [.. new[] { "passwd", "group", "hosts" }.Select(name => OciMount.ReadOnly(Path.Combine(folder, name), "/etc/" + name))];
    }

    /// <summary>Writes the bundle and returns how to start its shim.</summary>
    /// <param name="log">Null: the caller reads the shim's standard output.</param>
    /// <param name="diskBytes">Null: no writable layer.</param>
    /// <param name="lower">A folder that is to be the root, below the writable layer; null: the bundle's root is there already.</param>
    public ShimStart Prepare(
        RunFolder run, OciBundle bundle, int host, string? log, long? diskBytes, string? lower = null,
        SandboxNetwork network = SandboxNetwork.Own)
    {
        run.WriteInMemory("config.json", bundle.ToJson());
        var environment = new Dictionary<string, string>
        {
            ["S_DIR"] = run.Path,
            ["S_SHIM"] = shim,
            ["S_TOOL"] = Tool.Path,
            ["S_TOOL_ROOT"] = Tool.Root,
            ["S_KEEP"] = Tool.Keeps ? "--keep" : "",
            ["S_HYBRID"] = Tool.HidesHybrid ? "1" : "",
            ["S_OOM"] = Cgroups.OomFile(bundle.CgroupPath),
            ["S_ID"] = bundle.Id,
            ["S_UID"] = bundle.Uid.ToString(CultureInfo.InvariantCulture),
            ["S_DISK"] = diskBytes?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["S_LOWER"] = lower ?? "",
            ["S_BRIDGE"] = network == SandboxNetwork.Own ? Network.Bridge : "",
            ["S_HOST_NET"] = network == SandboxNetwork.Host ? "1" : "",
            ["S_VETH"] = Veth(host),
            ["S_ADDRESS"] = Network.Subnet.WithPrefix(host),
            ["S_GATEWAY"] = Network.Subnet.Gateway,
            ["S_LOG"] = log ?? "",
        };
        return new ShimStart(shim, [], log is null ? environment : OciRuntime.Merge(environment, LogWriter.Environment(paths)));
    }

    /// <summary>
    /// SIGKILL for all of a run. One that has not come into being yet is waited for: killing its shim on the way would leave half a
    /// container.
    /// </summary>
    public async Task KillAsync(RunFolder run, CancellationToken cancellationToken)
    {
        run.ExpectKill();
        for (var tries = 0; tries < KillTries && run.Exit() is null; tries++)
        {
            if ((await Tool.KillAsync(run.Id, Posix.SigKill, cancellationToken)).Ok) return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
        if (run.ShimPid() is not { } pid) return;
        await Posix.KillGroupAsync(pid, time);
        await Tool.DeleteAsync(run.Id, cancellationToken);
    }

    /// <summary>
    /// After the end of a run: waits until its shim has taken the container away, and does what a shim that was killed did not. Then the
    /// id, the address and the folder are free for another start.
    /// </summary>
    public async Task SettleAsync(RunFolder run, CancellationToken cancellationToken)
    {
        if (await run.HasFinishedAsync(ShimEndsWithin, cancellationToken)) return;
        foreach (var pid in Cgroups.Processes(CgroupPath(run.Id))) _ = Posix.Kill(pid, Posix.SigKill);
        if (run.LastShimPid is { } shimPid) await Posix.KillSessionAsync(shimPid, time);
        await Tool.DeleteAsync(run.Id, cancellationToken);
        if (Directory.Exists($"/sys/class/net/{Veth(run.File.Host)}"))
            await HostCommand.RunAsync("ip", ["link", "delete", Veth(run.File.Host)], cancellationToken);
    }

    private string Veth(int host) => $"sv{cloudId}{host:x}";
}
