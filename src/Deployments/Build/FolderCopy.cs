namespace Strata.Deployments.Build;

/// <summary>Copies a folder with its links as links and its files' modes.</summary>
internal static class FolderCopy
{
    public static void Copy(string source, string target, CancellationToken cancellationToken)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 };
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos("*", options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = Path.Combine(target, Path.GetRelativePath(source, entry.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (entry.LinkTarget is { } link) File.CreateSymbolicLink(path, link);
            else if (entry is FileInfo file) file.CopyTo(path, overwrite: false);
            else Directory.CreateDirectory(path);
        }
    }
}
