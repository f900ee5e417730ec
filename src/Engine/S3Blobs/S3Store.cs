using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>Blobs in a bucket of Amazon S3, or of a service that speaks its protocol.</summary>
public static class S3Store
{
    /// <summary>
    /// For the one server that uses the spool's folder, in which it deletes what a crash left. Does not connect:
    /// <see cref="IBlobStore.CheckAsync"/> does.
    /// </summary>
    public static IS3BlobStore Open(S3Options options, BlobLimits limits, TimeProvider time)
    {
        BlobSpool.RemoveLeft(options.SpoolFolder);
        return new S3BlobStore(options, limits, time);
    }

    /// <summary>
    /// Like <see cref="IBlobStore.CheckAsync"/>, but only checks: it changes nothing on this machine, so a server may be running.
    /// </summary>
    public static async Task<Result<Done>> CheckAsync(S3Options options, TimeProvider time, CancellationToken cancellationToken)
    {
        using var store = new S3BlobStore(options, new BlobLimits(), time);
        return await store.CheckAsync(cancellationToken);
    }
}

/// <summary>Dispose it to close its connections.</summary>
public interface IS3BlobStore : IBlobStore, IDisposable;
