namespace Strata.Blobs.Disk;

/// <summary>Blobs as files of this machine.</summary>
public static class DiskBlobs
{
    /// <param name="root">Made if need be. One store at a time uses it.</param>
    public static IBlobStore Open(string root, BlobLimits limits, TimeProvider time) => new DiskBlobStore(root, limits, time);
}
