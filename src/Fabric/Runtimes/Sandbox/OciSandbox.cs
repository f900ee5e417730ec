using System.Globalization;
using Strata.Runtimes;
using Strata.Runtimes.Oci;

namespace Strata.Runtimes.Sandbox;

/// <summary>Runs commands as OCI bundles on the stack <c>host</c>, apart from the machine as instances are.</summary>
internal sealed class OciSandbox(OciHost host, NodePaths paths, TimeProvider time) : SandboxBase(paths, time)
{
    private const string Home = "/home/build";
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public override string Runtime => "oci";

    public override IReadOnlyList<string> NotIsolated => host.Network.Shortcoming is { } shortcoming ? [shortcoming] : [];

    protected override async Task<SandboxProcess> StartAsync(SandboxRun run, Workspace workspace, CancellationToken cancellationToken)
    {
        if (!Runs.Create(workspace.Id).TryGet(out var folder, out var error)) throw new IOException(error.Message);
        var number = host.Network.Addresses.Take(workspace.Id) ?? throw new IOException("All addresses of this node's network are in use.");
        try
        {
            await OwnAsync(workspace, host.Uid(number), cancellationToken);
            return await Task.Run(() => Start(run, workspace, folder, number), cancellationToken);
        }
        catch (IOException)
        {
            if (Runs.Find(workspace.Id) is null) host.Network.Addresses.Release(number, workspace.Id);
            throw;
        }
    }

    protected override async Task KillLeftoverAsync(RunFolder run, CancellationToken cancellationToken)
    {
        await host.KillAsync(run, cancellationToken);
        if (run.Exit() is not null) await host.SettleAsync(run, cancellationToken);
    }

    protected override async Task CleanUpAsync(Workspace workspace)
    {
        var run = Runs.Find(workspace.Id);
        if (run is not null) await host.SettleAsync(run, CancellationToken.None);
        await base.CleanUpAsync(workspace);
        if (run is not null) host.Network.Addresses.Release(run.File.Host, run.Id);
    }

    private SandboxProcess Start(SandboxRun run, Workspace workspace, string folder, int number)
    {
        var address = host.Network.Subnet.Address(number);
        var bundle = Bundle(run, workspace, folder, number);
        var entry = Runs.Add(folder, new RunFile(workspace.Id, address, 0, Time.GetUtcNow(), number, ""));
        var shim = ShimProcess.Start(host.Prepare(entry, bundle, number, log: null, diskBytes: null, network: run.Network), capture: true);
        return new SandboxProcess(entry, shim, () => host.KillAsync(entry, CancellationToken.None));
    }

    private OciBundle Bundle(SandboxRun run, Workspace workspace, string folder, int number) => new()
    {
        Id = workspace.Id,
        Hostname = "build",
        Root = host.Stack.Root,
        Args = OciHost.WithInit(run.Command),
        Env = OciRuntime.Merge(new Dictionary<string, string> { ["PATH"] = SearchPath }, ToolEnv(Home, "/tmp"), run.Env),
        WorkFolder = Path.Combine(SandboxRun.WorkFolder, run.Subfolder).TrimEnd('/'),
        Uid = host.Uid(number),
        Mounts = [.. host.Stack.Mounts, .. host.WriteEtc(folder, number, "build"), .. Writable(workspace)],
        CgroupPath = host.CgroupPath(workspace.Id),
        MemoryBytes = run.Limits.MemoryBytes,
        Cpu = run.Limits.Cpu,
        PidsMax = run.Limits.PidsMax,
    };

    /// <summary>Home and temporary files are on the workspace's disk too: they count against its limit, not against memory.</summary>
    private static IEnumerable<OciMount> Writable(Workspace workspace) =>
    [
        OciMount.ReadWrite(workspace.Folder, SandboxRun.WorkFolder),
        OciMount.ReadWrite(workspace.HomeFolder, "/home/build"),
        OciMount.ReadWrite(workspace.TempFolder, "/tmp"),
        OciMount.ReadWrite(workspace.TempFolder, "/var/tmp"),
    ];

    private static async Task OwnAsync(Workspace workspace, int uid, CancellationToken cancellationToken)
    {
        var owner = uid.ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["-hR", $"{owner}:{owner}", workspace.Folder, workspace.HomeFolder, workspace.TempFolder];
        var owned = await HostCommand.RunAsync("chown", arguments, cancellationToken);
        if (!owned.Ok) throw new IOException($"The work folder could not be handed over: {owned.Complaint}");
    }
}
