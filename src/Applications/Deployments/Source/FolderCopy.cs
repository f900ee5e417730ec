namespace Strata.Deployments.Source;

/// <summary>Copies a folder: files with their modes, links as links. Links are not followed; pipes and devices are left out.</summary>
internal static class FolderCopy
{
    /// <exception cref="TooManyEntriesException">There are more than <paramref name="entriesMax"/> files, folders and links.</exception>
    public static async Task CopyAsync(string source, string target, int entriesMax, CancellationToken cancellationToken)
    {
        foreach (var entry in UserFolder.Walk(source, entriesMax, cancellationToken))
        {
            var path = Path.Combine(target, entry.Path);
            if (entry.Kind == UserEntryKind.Folder) Directory.CreateDirectory(path);
            else if (entry.Target is { } link) File.CreateSymbolicLink(path, link);
            else await CopyFileAsync(source, entry.Path, path, cancellationToken);
        }
    }

    private static async Task CopyFileAsync(string root, string source, string target, CancellationToken cancellationToken)
    {
        await using var content = UserFile.Open(root, source);
        if (content is null) return;
        var mode = File.GetUnixFileMode(content.SafeFileHandle) & (UnixFileMode)0b111_111_111;
        await using var copy = new FileStream(
            target, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode, BufferSize = 0 });
        await content.CopyToAsync(copy, cancellationToken);
    }
}
