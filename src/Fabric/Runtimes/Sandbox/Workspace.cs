using Strata.Core;
using Strata.Runtimes;

namespace Strata.Runtimes.Sandbox;

/// <summary>
/// A work folder in <c>workspaces/ID</c>: <c>disk/work</c>, <c>disk/home</c> and <c>disk/tmp</c>. Where the machine allows it <c>disk</c>
/// is a file system of its own in a sparse image, so that its size is a hard limit; elsewhere the caller that runs a command watches the
/// size.
/// </summary>
internal sealed class Workspace : IWorkspace
{
    /// <summary>One above another on the same folder, as two tries would leave.</summary>
    private const int MountsMax = 8;

    private readonly string root;

    private Workspace(string root, long diskBytes, bool isHardLimited) =>
        (this.root, DiskBytes, IsHardLimited) = (root, diskBytes, isHardLimited);

    public string Id => Path.GetFileName(root);
    public long DiskBytes { get; }
    public bool IsHardLimited { get; }
    public string Disk => Path.Combine(root, "disk");
    public string Folder => Path.Combine(Disk, "work");
    public string HomeFolder => Path.Combine(Disk, "home");
    public string TempFolder => Path.Combine(Disk, "tmp");

    public static async Task<Workspace> CreateAsync(string parent, string id, long diskBytes, CancellationToken cancellationToken)
    {
        var root = Path.Combine(parent, id);
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "disk"));
            // Not cancelled: a "mount" that is killed may have mounted all the same, and nothing would unmount it.
            var mounted = Posix.IsRoot && await MountAsync(root, diskBytes, CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            var workspace = new Workspace(root, diskBytes, mounted);
            foreach (var folder in new[] { workspace.Folder, workspace.HomeFolder, workspace.TempFolder })
                Directory.CreateDirectory(folder);
            return workspace;
        }
        catch
        {
            await DeleteAsync(root, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Removes what a former life left behind.</summary>
    public static async Task SweepAsync(string parent, CancellationToken cancellationToken)
    {
        foreach (var root in Directory.GetDirectories(parent)) await DeleteAsync(root, cancellationToken);
    }

    public async ValueTask DisposeAsync() => await DeleteAsync(root, CancellationToken.None);

    /// <summary>What is still free, in bytes: of the image, or of the limit by counting.</summary>
    public async Task<long> FreeBytesAsync(CancellationToken cancellationToken)
    {
        if (IsHardLimited) return new DriveInfo(Disk).AvailableFreeSpace;
        var usage = await HostCommand.RunAsync("du", ["-sk", Disk], cancellationToken);
        return long.TryParse(usage.Output.Split('\t')[0], out var kib) ? DiskBytes - (kib << 10) : DiskBytes;
    }

    private static async Task<bool> MountAsync(string root, long diskBytes, CancellationToken cancellationToken)
    {
        var image = Path.Combine(root, "disk.img");
        await using (var file = File.Create(image)) file.SetLength(diskBytes);
        string[] format = ["-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", "-m", "0", image];
        if (!(await HostCommand.RunAsync("mkfs.ext4", format, cancellationToken)).Ok) return false;
        var mounted = await HostCommand.RunAsync(
            "mount", ["-o", "loop,nosuid,nodev", image, Path.Combine(root, "disk")], cancellationToken);
        if (mounted.Ok) Directory.Delete(Path.Combine(root, "disk", "lost+found"));
        else if (IsMounted(MountPoint(root)))
            throw new IOException($"The disk of a workspace was not mounted in time: {mounted.Complaint}");
        else File.Delete(image);
        return mounted.Ok;
    }

    /// <summary>
    /// As the kernel's table names it: without symbolic links, which any part of the data folder's path may be. Only the folder above the
    /// mount point is resolved, because a look at the mount point may hang.
    /// </summary>
    private static string MountPoint(string root) => Path.Combine(RealPath.Of(root), "disk");

    /// <summary>By the kernel's table, without a look into the folder, which may hang.</summary>
    private static bool IsMounted(string mountPoint)
    {
        // Spaces and the like are octal there (proc_pid_mountinfo(5)); the fifth field is the mount point.
        var point = string.Concat(
            mountPoint.Select(c => c is ' ' or '\t' or '\n' or '\\' ? "\\" + Convert.ToString(c, 8).PadLeft(3, '0') : c.ToString()));
        return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ') is { Length: > 4 } fields && fields[4] == point);
    }

    private static async Task DeleteAsync(string root, CancellationToken cancellationToken)
    {
        // What is mounted, not what should be: a "mount" that was killed because it took too long may have mounted all the same.
        var disk = MountPoint(root);
        var mayBeMounted = Posix.IsRoot && File.Exists(Path.Combine(root, "disk.img")); // whatever the table says
        for (var left = MountsMax; left > 0 && (mayBeMounted || IsMounted(disk)); left--)
        {
            mayBeMounted = false;
            // Lazily: a process that still has it open must not keep it alive.
            if (!(await HostCommand.RunAsync("umount", ["-l", disk], cancellationToken)).Ok) break;
        }
        // Not by the base library: a build may have left folders without permissions or names that are not UTF-8.
        await HostCommand.RunAsync("chmod", ["-R", "u+rwX", root], cancellationToken);
        await HostCommand.RunAsync("rm", ["-rf", "--one-file-system", root], cancellationToken);
    }
}
