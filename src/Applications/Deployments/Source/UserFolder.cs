using System.IO.Enumeration;

namespace Strata.Deployments.Source;

/// <summary>What an entry of a folder is.</summary>
internal enum UserEntryKind
{
    File,
    Folder,
    Link,
}

/// <param name="Path">Relative to the folder that was walked, with "/".</param>
/// <param name="Target">Of a link; null otherwise.</param>
internal sealed record UserEntry(string Path, UserEntryKind Kind, string? Target = null);

/// <summary>
/// Lists folders that a user made. Links are listed and never entered, so that a link to "." or "/" leads nowhere; the number of entries is
/// bounded. A pipe or device is listed as a file: <see cref="UserFile"/> refuses it.
/// </summary>
internal static class UserFolder
{
    private static readonly EnumerationOptions All =
        new() { AttributesToSkip = 0, IgnoreInaccessible = true, RecurseSubdirectories = false };

    /// <summary>Everything below a folder, each folder before what is in it.</summary>
    /// <exception cref="TooManyEntriesException">There are more than <paramref name="entriesMax"/>.</exception>
    public static IEnumerable<UserEntry> Walk(
        string root, int entriesMax, CancellationToken cancellationToken, Func<UserEntry, bool>? enters = null)
    {
        var pending = new Stack<string>([""]);
        var count = 0;
        while (pending.TryPop(out var folder))
        {
            foreach (var entry in List(root, folder))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (++count > entriesMax) throw new TooManyEntriesException(entriesMax);
                yield return entry;
                if (entry.Kind == UserEntryKind.Folder && enters?.Invoke(entry) != false) pending.Push(entry.Path);
            }
        }
    }

    /// <summary>The entries of one folder, in no order; empty if it is gone or cannot be read.</summary>
    public static IEnumerable<UserEntry> List(string root, string folder)
    {
        var path = Path.Combine(root, folder);
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return Directory.Exists(path) ? new FileSystemEnumerable<UserEntry>(path, Transform, All) : [];

        UserEntry Transform(ref FileSystemEntry entry)
        {
            var name = prefix + entry.FileName.ToString();
            if ((entry.Attributes & FileAttributes.ReparsePoint) != 0)
                return new UserEntry(name, UserEntryKind.Link, new FileInfo(entry.ToFullPath()).LinkTarget ?? "");
            return new UserEntry(name, entry.IsDirectory ? UserEntryKind.Folder : UserEntryKind.File);
        }
    }
}

/// <summary>A folder exceeds the limit.</summary>
internal sealed class TooManyEntriesException(int entriesMax) : Exception($"The folder holds more than {entriesMax} files.")
{
    public int EntriesMax { get; } = entriesMax;
}
