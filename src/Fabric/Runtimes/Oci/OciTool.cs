using Strata.Core;

namespace Strata.Runtimes.Oci;

/// <summary>runc or crun, whichever works on this machine.</summary>
/// <param name="Root">Where it keeps its state: on a file system that a reboot empties, because its state does not outlive the
/// kernel's.</param>
/// <param name="Keeps">It can leave an ended container for the shim to read its counters.</param>
internal sealed record OciTool(string Path, string Root, bool Keeps)
{
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>crun refuses cgroup v2 beside v1.</summary>
    public bool HidesHybrid => Name == "crun" && Cgroups.IsHybrid;

    /// <summary>Those that are installed, the reference implementation first.</summary>
    public static async Task<IReadOnlyList<OciTool>> InstalledAsync(string cloudId, CancellationToken cancellationToken)
    {
        var tools = new List<OciTool>();
        foreach (var path in new[] { "runc", "crun" }.Select(HostCommand.Find).OfType<string>())
        {
            var help = await HostCommand.RunAsync(System.IO.Path.GetFileName(path), ["run", "--help"], cancellationToken);
            tools.Add(new OciTool(path, StateFolder(cloudId), help.Output.Contains("--keep", StringComparison.Ordinal)));
        }
        return tools;
    }

    public static void RemoveState(string cloudId)
    {
        if (Directory.Exists(StateFolder(cloudId))) Directory.Delete(StateFolder(cloudId), recursive: true);
    }

    public Task<ProcessEnd> KillAsync(string id, int signal, CancellationToken cancellationToken) =>
        RunAsync(["kill", id, signal == Posix.SigKill ? "KILL" : "TERM"], cancellationToken);

    public Task DeleteAsync(string id, CancellationToken cancellationToken) => RunAsync(["delete", "--force", id], cancellationToken);

    private static string StateFolder(string cloudId) => $"/run/strata/{cloudId}";

    private Task<ProcessEnd> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        string[] full = ["--root", Root, .. arguments];
        if (!HidesHybrid) return HostCommand.RunAsync(Path, full, cancellationToken);
        const string script = "mount --make-rprivate /; umount /sys/fs/cgroup/unified; exec \"$@\"";
        return HostCommand.RunAsync("unshare", ["-m", "sh", "-c", script, "crun", Path, .. full], cancellationToken);
    }
}
