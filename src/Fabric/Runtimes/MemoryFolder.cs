using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// A folder of this cloud on a file system in memory, for this user alone. Its name cannot be guessed before it is there, and is kept in
/// the node's state: where everyone may make folders, another user could take a known name, and would then own what is written below it.
/// Safe for concurrent use.
/// </summary>
internal sealed class MemoryFolder(NodePaths paths)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int RandomBytes = 8;

    private static readonly Lock Gate = new();

    private string Record => Path.Combine(paths.State, "memory-folder");

    /// <summary>The one that there is, if it is still this user's; null: none is.</summary>
    public string? Find()
    {
        lock (Gate) return File.Exists(Record) && File.ReadAllText(Record) is var folder && IsOurs(folder) ? folder : null;
    }

    /// <summary>The one that there is, or a new one; null: this machine has no such file system, or it takes nothing.</summary>
    public string? Open()
    {
        lock (Gate)
        {
            if (Find() is { } found) return found;
            foreach (var parent in Parents)
            {
                var folder = Path.Combine(parent, $"strata-{paths.CloudId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes))}");
                try
                {
                    Directory.CreateDirectory(folder, Private);
                    if (!IsOurs(folder)) continue;
                    AtomicFile.WritePrivate(Record, folder);
                    return folder;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The next one, or none.
                }
            }
            return null;
        }
    }

    /// <summary>A folder inside of an open one, which only this user enters.</summary>
    public static string In(string folder, string name)
    {
        var inner = Path.Combine(folder, name);
        Directory.CreateDirectory(inner, Private);
        return inner;
    }

    /// <summary>For a cloud that ends.</summary>
    public void Remove()
    {
        if (Find() is { } folder) Directory.Delete(folder, recursive: true);
        File.Delete(Record);
    }

    /// <summary>Not a link, this user's, and closed to all others.</summary>
    private static bool IsOurs(string folder) =>
        Posix.OwnerOf(folder) == Posix.EffectiveUser() && File.GetUnixFileMode(folder) == Private;

    /// <summary>In each, only its owner takes away what is there.</summary>
    private static IEnumerable<string> Parents => (Posix.IsRoot ? new[] { "/run", "/dev/shm" } : ["/dev/shm"])
        .Where(parent => Directory.Exists(parent) && new DriveInfo(parent).DriveFormat is "tmpfs" or "ramfs");
}
