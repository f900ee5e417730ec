using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>Blobs as files, of this machine or in a folder that servers share.</summary>
public static class DiskBlobs
{
    /// <summary>Makes the folder if need be, for this program's user only, and tries to write; changes nothing that is in it.</summary>
    /// <exception cref="StrataException">BLOBS_FOLDER_UNUSABLE: it cannot be made or written.</exception>
    public static void Prepare(string root)
    {
        try
        {
            PrivateFiles.CreateFolder(root);
            TryWrite(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BlobErrors.FolderUnusable(root, e.Message).ToException();
        }
    }

    /// <param name="root">One store at a time of a machine uses it. What a killed one left is removed.</param>
    /// <param name="isMounted">
    /// Of a shared folder: whether it is there, asked before anything is kept, so that nothing is kept below a missing mount; null: it
    /// always is.
    /// </param>
    /// <exception cref="StrataException">BLOBS_FOLDER_UNUSABLE: it cannot be made, listed or written.</exception>
    public static IBlobStore Open(string root, BlobLimits limits, TimeProvider time, Func<bool>? isMounted = null)
    {
        Prepare(root);
        try
        {
            return new DiskBlobStore(root, limits, time, isMounted ?? (() => true));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BlobErrors.FolderUnusable(root, e.Message).ToException();
        }
    }

    private static void TryWrite(string root)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose,
            UnixCreateMode = PrivateFiles.FileMode,
        };
        using var probe = new FileStream(Path.Combine(root, $"check-{Path.GetRandomFileName()}"), options);
        probe.WriteByte(0);
    }
}
