using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Server.Hosting;

/// <summary>
/// Makes a cloud's data folder and keeps it private. Invariant: after <see cref="Create"/> only this program's user enters the folder.
/// PostgreSQL, which runs as a user of its own under root, is given its folders as open descriptors and enters nothing by path.
/// </summary>
internal static partial class DataFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int AtCurrentFolder = -100;
    private const uint StatxUser = 8;
    private const uint StatxInode = 0x100;

    // In struct statx, which is laid out alike on every architecture: stx_uid, stx_ino, and stx_dev_major with stx_dev_minor behind it.
    private const int UserOffset = 20;
    private const int InodeOffset = 32;
    private const int DeviceOffset = 136;

    /// <summary>Makes what is missing, and closes what is the cloud's and open to others.</summary>
    /// <exception cref="StrataException">DATA_FOLDER_NOT_PRIVATE: it belongs to another user, or is open to others and holds something
    /// else.</exception>
    public static void Create(HomeLayout home)
    {
        CreateRoot(home);
        foreach (var folder in (string[])[home.Blobs, home.Node, home.Edge, home.Run]) CreateInside(folder);
    }

    /// <summary>As <see cref="Create"/>, without the folders of a server: for what keeps its sign-in there only.</summary>
    public static void CreateRoot(HomeLayout home)
    {
        Directory.CreateDirectory(home.Root, OwnerOnly);
        if (OwnerOf(home.Root) is { } owner && owner != EffectiveUser()) TakeOver(home, owner);
        else if (File.GetUnixFileMode(home.Root) != OwnerOnly) Close(home);
        foreach (var file in (string[])[home.KeyFile, Path.Combine(home.Root, "context.json")]) CloseFile(file);
    }

    /// <summary>What a copy of a folder has not: its device and inode. Zeros where the system does not say.</summary>
    public static (ulong Device, ulong Inode) FileIdOf(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(AtCurrentFolder, path, 0, StatxInode, buffer) == 0
            ? (BinaryPrimitives.ReadUInt64LittleEndian(buffer[DeviceOffset..]),
                BinaryPrimitives.ReadUInt64LittleEndian(buffer[InodeOffset..]))
            : default;
    }

    /// <summary>
    /// While the root was open, another user could have put a link or a folder of their own here: root would change, or trust, what is
    /// behind it.
    /// </summary>
    private static void CreateInside(string folder)
    {
        if (new FileInfo(folder).LinkTarget is not null) throw ServerErrors.HomeHoldsForeign(folder).ToException();
        Directory.CreateDirectory(folder, OwnerOnly);
        if (OwnerOf(folder) is { } owner && owner != EffectiveUser()) throw ServerErrors.HomeHoldsForeign(folder).ToException();
        if (File.GetUnixFileMode(folder) != OwnerOnly) File.SetUnixFileMode(folder, OwnerOnly);
    }

    /// <summary>
    /// A secret that was copied here with the mode of a plain file. A link, a file of another user or one whose mode cannot be changed is
    /// how the operator mounted it.
    /// </summary>
    private static void CloseFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.LinkTarget is not null || OwnerOf(path) != EffectiveUser()) return;
        if ((file.UnixFileMode & ~OwnerOnly) == 0) return;
        try
        {
            file.UnixFileMode &= OwnerOnly;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Mounted for reading only.
        }
    }

    /// <summary>
    /// An empty folder, such as a volume that was created for us, is accepted; the contents of another user's folder are not trusted.
    /// </summary>
    private static void TakeOver(HomeLayout home, uint owner)
    {
        if (!Environment.IsPrivilegedProcess || !IsEmpty(home.Root)) throw ServerErrors.HomeOfAnother(home.Root, owner).ToException();
        if (ChangeOwner(home.Root, EffectiveUser(), uint.MaxValue) != 0) throw ServerErrors.HomeOfAnother(home.Root, owner).ToException();
        File.SetUnixFileMode(home.Root, OwnerOnly);
    }

    /// <summary>
    /// Never a folder with something else in it: <c>STRATA_HOME=/tmp</c> must not close /tmp. Nor one in which others could write: any of
    /// its files, those that show a cloud too, may be theirs.
    /// </summary>
    private static void Close(HomeLayout home)
    {
        var others = File.GetUnixFileMode(home.Root) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        if (!IsEmpty(home.Root) && (others != 0 || !IsOfACloud(home))) throw ServerErrors.HomeOpen(home.Root).ToException();
        File.SetUnixFileMode(home.Root, OwnerOnly);
    }

    private static bool IsEmpty(string folder) => !Directory.EnumerateFileSystemEntries(folder).Any();

    private static bool IsOfACloud(HomeLayout home) =>
        File.Exists(home.KeyFile) || File.Exists(home.LockFile) || File.Exists(Path.Combine(home.Root, "context.json"))
            || File.Exists(Path.Combine(home.Root, ServerOptionsReader.FileName));

    /// <summary>Null where the system does not say.</summary>
    private static uint? OwnerOf(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Statx(AtCurrentFolder, path, 0, StatxUser, buffer) == 0
            ? BinaryPrimitives.ReadUInt32LittleEndian(buffer[UserOffset..]) : null;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
