using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Strata.Core;

namespace Strata.Storage.PrivateServer;

/// <summary>
/// Makes the folder of the server's socket. It may be in /tmp, where anybody can put a link or a folder of that name first. So it is opened
/// without following a link, and owner and mode are looked at and changed on what was opened. In a folder of another user the socket could
/// be replaced.
/// </summary>
internal static partial class PostgresSocketFolder
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int CloseOnExec = 0x80000;
    private const int AtEmptyPath = 0x1000;
    private const uint StatxUser = 8;
    private const int UserOffset = 20; // of stx_uid in struct statx, which is laid out alike on every architecture
    private const uint Same = uint.MaxValue;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    // The flags whose values differ between architectures.
    private static int NoFollow => IsArm ? 0x8000 : 0x20000;
    private static int FolderOnly => IsArm ? 0x4000 : 0x10000;

    /// <summary>Makes it, or takes it over where it is ours or the server's already: 0700, owned by the server's user.</summary>
    /// <param name="serverUser">Id of the user that the server runs as; null: we ourselves.</param>
    /// <exception cref="StrataException">SOCKET_FOLDER_FOREIGN, DATA_FOLDER_NOT_WRITABLE.</exception>
    public static void Create(string path, uint? serverUser)
    {
        try
        {
            Directory.CreateDirectory(path, OnlyOwner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileInfo(path) is { LinkTarget: not null } or { Exists: true }
                ? PostgresErrors.SocketFolderForeign(path, null) : PostgresErrors.NotWritable(path, e);
        }
        var descriptor = Open(path, FolderOnly | NoFollow | CloseOnExec);
        if (descriptor < 0) throw PostgresErrors.SocketFolderForeign(path, null);
        using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
        if (OwnerOf(descriptor) is var owner && owner != EffectiveUser() && owner != serverUser)
            throw PostgresErrors.SocketFolderForeign(path, owner);
        File.SetUnixFileMode(folder, OnlyOwner);
        if (serverUser is { } user && ChangeOwner(descriptor, user, Same) != 0)
            throw PostgresErrors.NotWritable(path, new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())));
    }

    /// <summary>Null where the system does not say.</summary>
    private static uint? OwnerOf(int descriptor)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(descriptor, "", AtEmptyPath, StatxUser, buffer) == 0
            ? BinaryPrimitives.ReadUInt32LittleEndian(buffer[UserOffset..]) : null;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwner(int descriptor, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
