using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// Files of runs that hold their variables, secrets and tokens among them: kept on a file system in memory and linked from the run's
/// folder, so that no disk has them. A reboot empties it, and ends the runs as well. On a machine without one they are in the run's
/// folder, readable by its owner only.
/// </summary>
internal sealed class MemoryFiles
{
    private readonly MemoryFolder? memory;
    private readonly string area;

    private MemoryFiles(MemoryFolder? memory, string area)
    {
        (this.memory, this.area) = (memory, area);
        Shortcoming = memory?.Open() is not null ? null
            : "The variables of instances, secrets among them, are in files on the disk: there is no file system in memory for them.";
    }

    /// <summary>In the runs' folders.</summary>
    public static MemoryFiles None { get; } = new(null, "");

    /// <summary>Why files are on the disk, as a sentence; null: they are not.</summary>
    public string? Shortcoming { get; }

    /// <param name="area">What distinguishes the runs of one table from those of others, such as <c>runs</c>.</param>
    public static MemoryFiles Of(NodePaths paths, string area) => new(new MemoryFolder(paths), area);

    /// <summary>Writes a file that appears in a run's folder under a name.</summary>
    /// <exception cref="IOException">There is no room, or no memory any more.</exception>
    public void Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        if (Shortcoming is not null)
        {
            AtomicFile.WritePrivate(path, text);
            return;
        }
        var open = memory!.Open() ?? throw new IOException("The file system in memory that variables are kept on cannot be written to.");
        var target = Path.Combine(MemoryFolder.In(MemoryFolder.In(open, area), Path.GetFileName(folder)), name);
        AtomicFile.WritePrivate(target, text);
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    /// <summary>Reads a file that <see cref="Write"/> has written; null: it is gone, or what is in its place is not this user's.</summary>
    public string? Read(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (new FileInfo(path).LinkTarget is { } target && (memory?.Find() is not { } open
            || !target.StartsWith(open + "/", StringComparison.Ordinal))) return null;
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Of a run that is over.</summary>
    public void Remove(string folder)
    {
        if (memory?.Find() is not { } open) return;
        var place = Path.Combine(open, area, Path.GetFileName(folder));
        if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
    }

    /// <summary>Removes those of runs that are not there any more.</summary>
    /// <param name="folders">Of the runs that are.</param>
    public void Sweep(IEnumerable<string> folders)
    {
        if (memory?.Find() is not { } open || !Directory.Exists(Path.Combine(open, area))) return;
        var present = folders.Select(Path.GetFileName).ToHashSet();
        foreach (var place in Directory.GetDirectories(Path.Combine(open, area)))
            if (!present.Contains(Path.GetFileName(place))) Directory.Delete(place, recursive: true);
    }
}
