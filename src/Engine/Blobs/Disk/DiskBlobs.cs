using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>Blobs as files, of this machine or in a folder that servers share.</summary>
public static class DiskBlobs
{
    /// <param name="root">Made if need be, for this program's user only. One store at a time of a machine uses it.</param>
    /// <exception cref="StrataException">BLOBS_FOLDER_UNUSABLE: it cannot be made, listed or written.</exception>
    public static IBlobStore Open(string root, BlobLimits limits, TimeProvider time)
    {
        try
        {
            PrivateFiles.CreateFolder(root);
            TryWrite(root);
            return new DiskBlobStore(root, limits, time);
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
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose, UnixCreateMode = PrivateFiles.FileMode,
        };
        using var probe = new FileStream(Path.Combine(root, $"check-{Path.GetRandomFileName()}"), options);
        probe.WriteByte(0);
    }
}
