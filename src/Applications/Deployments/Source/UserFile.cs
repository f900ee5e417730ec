using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Deployments.Source;

/// <summary>
/// Opens files that a user made. No link is followed, neither the file nor a folder above it; opening never waits (a pipe would wait for a
/// writer for ever), and what is not a regular file is refused by what was opened, not by what was there a moment before.
/// </summary>
public static partial class UserFile
{
    private const int ReadOnly = 0;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;
    private const int FormatMask = 0xF000;
    private const int RegularFormat = 0x8000;
    private const int AtEmptyPath = 0x1000;
    private const int AtCurrentFolder = -100;
    private const int AtNoFollow = 0x100;
    private const uint StatxType = 1;
    private const int ModeOffset = 28; // of stx_mode in struct statx, which is laid out alike on every architecture

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    // The flags whose values differ between architectures.
    private static int NoFollow => IsArm ? 0x8000 : 0x20000;
    private static int FolderOnly => IsArm ? 0x4000 : 0x10000;

    /// <summary>
    /// Null where there is no regular file at the path, a folder above it is a link, or it may not be read. Each folder is opened below the
    /// one before it, so a folder that is replaced by a link in the meantime leads nowhere either.
    /// </summary>
    /// <param name="root">Trusted: it may itself be reached through links.</param>
    /// <param name="path">Relative to the root, with <c>/</c>, without <c>.</c> and <c>..</c>.</param>
    public static FileStream? Open(string root, string path)
    {
        var parts = path.Split('/');
        if (root.Contains('\0') || path.Contains('\0') || parts.Any(p => p is "" or "." or "..")) return null;
        var folder = OpenAt(AtCurrentFolder, root, PathOnly | FolderOnly | CloseOnExec);
        foreach (var part in parts.AsSpan(..^1))
        {
            using var above = folder;
            if (above is null) return null;
            folder = OpenAt(Descriptor(above), part, PathOnly | FolderOnly | NoFollow | CloseOnExec);
        }
        using var parent = folder;
        return parent is null ? null : OpenRegular(Descriptor(parent), parts[^1]);
    }

    /// <summary>As above, for a path that is trusted except for its last part.</summary>
    public static FileStream? Open(string path) => path.Contains('\0') ? null : OpenRegular(AtCurrentFolder, path);

    /// <summary>
    /// The first folder above a path that is a link; null: none is. For messages: <see cref="Open(string, string)"/> decides by itself.
    /// </summary>
    public static string? LinkAbove(string root, string path)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (new FileInfo(Path.Combine(root, path[..slash])).LinkTarget is not null) return path[..slash];
        }
        return null;
    }

    private static FileStream? OpenRegular(int folder, string path)
    {
        var handle = OpenAt(folder, path, ReadOnly | NoFollow | NonBlocking | CloseOnExec);
        if (handle is null) return null;
        if (IsRegular(Descriptor(handle), "", AtEmptyPath)) return new FileStream(handle, FileAccess.Read, bufferSize: 0);
        handle.Dispose();
        return null;
    }

    /// <summary>False for folders, links, pipes, sockets and devices, and if nothing exists there.</summary>
    public static bool IsRegular(string path) => !path.Contains('\0') && IsRegular(AtCurrentFolder, path, AtNoFollow);

    private static bool IsRegular(int folder, string path, int flags)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(folder, path, flags, StatxType, buffer) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(buffer[ModeOffset..]) & FormatMask) == RegularFormat;
    }

    private static int Descriptor(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static SafeFileHandle? OpenAt(int folder, string path, int flags)
    {
        var descriptor = OpenFileAt(folder, path, flags);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFileAt(int folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
