namespace Strata.Deployments.Build;

/// <summary>A folder of this build's own on the server's disk; disposing deletes it. What a dead server left is deleted when the next one starts.</summary>
internal sealed class BuildScratch : IDisposable
{
    private BuildScratch(string folder) => Folder = folder;

    public string Folder { get; }

    public static BuildScratch Create(string root, TimeProvider time)
    {
        var folder = Path.Combine(root, Guid.CreateVersion7(time.GetUtcNow()).ToString("n"));
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new BuildScratch(folder);
    }

    public static void RemoveAll(string root)
    {
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // never made or gone already
        }
    }
}
