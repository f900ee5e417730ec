using Strata.Runtimes;

namespace Strata.Runtimes.Tests.Machines;

/// <summary>A file system of its own, of a size that a test can fill. Skips the test where nothing can be mounted.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string image;

    private SmallDisk(string image, string path) => (this.image, Path) = (image, path);

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(long bytes)
    {
        Assert.SkipUnless(Posix.IsRoot, "Only root mounts file systems.");
        var root = Directory.CreateTempSubdirectory("strata-test-").FullName;
        var disk = new SmallDisk(System.IO.Path.Combine(root, "disk.img"), System.IO.Path.Combine(root, "disk"));
        Directory.CreateDirectory(disk.Path);
        await using (var file = File.Create(disk.image)) file.SetLength(bytes);
        var made = await HostCommand.RunAsync("mkfs.ext4", ["-q", "-F", "-m", "0", disk.image], CancellationToken.None);
        if (made.Ok) made = await HostCommand.RunAsync("mount", ["-o", "loop", disk.image, disk.Path], CancellationToken.None);
        if (made.Ok) return disk;
        Folder.Delete(root);
        Assert.Skip($"No file system can be mounted here: {made.Complaint}");
        return disk;
    }

    /// <summary>Writes a file that leaves this much free.</summary>
    /// <returns>Its path; delete it to have the space back.</returns>
    public async Task<string> FillAsync(long freeBytes)
    {
        var path = System.IO.Path.Combine(Path, "filler");
        var free = new DriveInfo(Path).AvailableFreeSpace;
        var done = await HostCommand.RunAsync("fallocate",
            ["-l", (free - freeBytes).ToString(System.Globalization.CultureInfo.InvariantCulture), path], CancellationToken.None);
        Assert.True(done.Ok, done.Complaint);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await HostCommand.RunAsync("umount", ["-l", Path], CancellationToken.None);
        Folder.Delete(System.IO.Path.GetDirectoryName(image)!);
    }
}
