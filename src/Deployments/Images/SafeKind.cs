using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Strata.Deployments.Images;

/// <summary>Tells plain files from pipes, sockets and devices, which .NET's attributes do not.</summary>
internal static partial class SafeKind
{
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxType = 1;
    private const int ModeOffset = 28; // of stx_mode in struct statx, which is laid out alike on every architecture
    private const int FormatMask = 0xF000;
    private const int RegularFormat = 0x8000;

    public static bool IsRegular(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxType, buffer) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(buffer[ModeOffset..]) & FormatMask) == RegularFormat;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
