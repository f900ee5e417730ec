namespace Strata.Blobs;

/// <summary>Folders and files that only this program's user enters and reads: sources hold what their authors keep to themselves.</summary>
internal static class PrivateFiles
{
    public const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;
    public const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the folder and those above it that are missing; one that is there keeps its mode.</summary>
    public static DirectoryInfo CreateFolder(string path)
    {
        // Directory.CreateDirectory would give the mode to the last folder only.
        if (!Directory.Exists(path) && Path.GetDirectoryName(path) is { Length: > 0 } parent) CreateFolder(parent);
        return Directory.CreateDirectory(path, FolderMode);
    }

    /// <summary>Closes a folder to other users, and with it what is inside.</summary>
    public static void Close(string folder)
    {
        if (File.GetUnixFileMode(folder) != FolderMode) File.SetUnixFileMode(folder, FolderMode);
    }
}
