using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Deployments.Source;

/// <summary>
/// Opens files that a user made. The last part of the path is never followed if it is a link, opening never waits (a pipe would wait for a writer for ever), and what is
/// not a regular file is refused by what was opened, not by what was there a moment before.
/// </summary>
public static partial class UserFile
{
    private const int ReadOnly = 0;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int FormatMask = 0xF000;
    private const int RegularFormat = 0x8000;
    private const int AtEmptyPath = 0x1000;
    private const int AtCurrentFolder = -100;
    private const int AtNoFollow = 0x100;
    private const uint StatxType = 1;
    private const int ModeOffset = 28; // of stx_mode in struct statx, which is laid out alike on every architecture

    /// <summary>The one flag whose value differs between architectures.</summary>
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Null where there is no regular file at the path, or it may not be read.</summary>
    public static FileStream? Open(string path)
    {
        if (path.Contains('\0')) return null;
        var descriptor = OpenFile(path, ReadOnly | NoFollow | NonBlocking | CloseOnExec);
        if (descriptor < 0) return null;
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (IsRegular(descriptor, "", AtEmptyPath)) return new FileStream(handle, FileAccess.Read, bufferSize: 0);
        handle.Dispose();
        return null;
    }

    /// <summary>False for folders, links, pipes, sockets and devices, and where there is nothing.</summary>
    public static bool IsRegular(string path) => !path.Contains('\0') && IsRegular(AtCurrentFolder, path, AtNoFollow);

    private static bool IsRegular(int folder, string path, int flags)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(folder, path, flags, StatxType, buffer) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(buffer[ModeOffset..]) & FormatMask) == RegularFormat;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
