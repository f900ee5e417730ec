using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// Files of runs that hold their variables, secrets and tokens among them: kept on a file system in memory and linked from the run's
/// folder, so that no disk has them. A reboot empties it, and ends the runs as well. On a machine without one they are in the run's
/// folder, readable by its owner only.
/// </summary>
internal sealed class MemoryFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string? cloud;
    private readonly string? root;

    /// <param name="cloud">The cloud's folder in memory; null: there is none.</param>
    private MemoryFiles(string? cloud, string area) => (this.cloud, root) = (cloud, cloud is null ? null : Path.Combine(cloud, area));

    /// <summary>In the runs' folders.</summary>
    public static MemoryFiles None { get; } = new(null, "");

    /// <summary>Why files are on the disk, as a sentence; null: they are not.</summary>
    public string? Shortcoming => root is not null ? null
        : "The variables of instances, secrets among them, are in files on the disk: there is no file system in memory that only this user has.";

    /// <param name="area">What distinguishes the runs of one table from those of others, such as <c>runs</c>.</param>
    public static MemoryFiles Of(NodePaths paths, string area) =>
        new(Parents.Select(parent => TryOpen(FolderOf(parent, paths.CloudId))).FirstOrDefault(found => found is not null), area);

    /// <summary>For a cloud that ends.</summary>
    public static void RemoveCloud(string cloudId)
    {
        foreach (var folder in Parents.Select(parent => FolderOf(parent, cloudId)))
            if (Posix.OwnerOf(folder) == Posix.EffectiveUser()) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes a file that appears in a run's folder under a name.</summary>
    public void Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        if (root is null)
        {
            AtomicFile.WritePrivate(path, text);
            return;
        }
        // Again: a system may clear what users leave there when they sign out, and then another user may take the name.
        if (TryOpen(cloud!) is null) throw new IOException($"{cloud} cannot be used: it is not a folder of this user's own.");
        var place = Path.Combine(root, Path.GetFileName(folder));
        Directory.CreateDirectory(place, Private);
        var target = Path.Combine(place, name);
        AtomicFile.WritePrivate(target, text);
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    /// <summary>Of a run that is over.</summary>
    public void Remove(string folder)
    {
        if (root is null) return;
        var place = Path.Combine(root, Path.GetFileName(folder));
        if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
    }

    /// <summary>Removes those of runs that are not there any more.</summary>
    /// <param name="folders">Of the runs that are.</param>
    public void Sweep(IEnumerable<string> folders)
    {
        if (root is null || !Directory.Exists(root)) return;
        var present = folders.Select(Path.GetFileName).ToHashSet();
        foreach (var place in Directory.GetDirectories(root))
            if (!present.Contains(Path.GetFileName(place))) Directory.Delete(place, recursive: true);
    }

    /// <summary>Only root writes to <c>/run</c>. In <c>/dev/shm</c>, a folder of that name may be another user's.</summary>
    private static IEnumerable<string> Parents => (Posix.IsRoot ? new[] { "/run", "/dev/shm" } : ["/dev/shm"])
        .Where(parent => Directory.Exists(parent) && new DriveInfo(parent).DriveFormat is "tmpfs" or "ramfs");

    private static string FolderOf(string parent, string cloudId) => Path.Combine(parent, "strata-" + cloudId);

    /// <returns>Null: it cannot be made, or is not this user's alone.</returns>
    private static string? TryOpen(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder, Private);
            if (Posix.OwnerOf(folder) != Posix.EffectiveUser()) return null;
            File.SetUnixFileMode(folder, Private);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
