using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>
/// The file in a shared folder of blobs that names the cloud it belongs to. A server whose mount is missing finds an empty folder of its
/// own machine instead, without the file, and must not take that for the shared one.
/// </summary>
public static class CloudFolder
{
    public const string FileName = "strata-cloud";

    /// <summary>An id is 32 characters; what is longer is not read.</summary>
    private const int IdBytesMax = 256;

    /// <summary>Checks that the folder belongs to this cloud, and marks it where no folder of this cloud was marked before.</summary>
    /// <param name="cloudId">The same at all servers of a cloud.</param>
    /// <param name="isMarked">Whether a server of this cloud has marked the shared folder already.</param>
    /// <returns>BLOBS_MISSING, BLOBS_OF_ANOTHER_CLOUD or BLOBS_FOLDER_UNUSABLE.</returns>
    public static Result<Done> Claim(string root, string cloudId, bool isMarked)
    {
        var path = Path.Combine(root, FileName);
        try
        {
            if (!isMarked && !File.Exists(path)) AtomicFile.WritePrivate(path, cloudId + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return BlobErrors.FolderUnusable(root, e.Message);
        }
        return Check(root, cloudId);
    }

    /// <inheritdoc cref="Claim"/>
    public static Result<Done> Check(string root, string cloudId)
    {
        var path = Path.Combine(root, FileName);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return BlobErrors.FolderMissing(root, path, cloudId);
            var isOurs = file.Length <= IdBytesMax && File.ReadAllText(path).Trim() == cloudId;
            return isOurs ? default(Done) : BlobErrors.FolderOfAnotherCloud(root, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return BlobErrors.FolderUnusable(root, e.Message);
        }
    }
}
