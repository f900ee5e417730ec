using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>Blobs in a bucket of Amazon S3, or of a service that speaks its protocol.</summary>
public static class S3Store
{
    /// <summary>Does not connect: <see cref="IBlobStore.CheckAsync"/> does.</summary>
    public static IS3BlobStore Open(S3Options options, BlobLimits limits, TimeProvider time) => new S3BlobStore(options, limits, time);
}

/// <summary>Dispose it to close its connections.</summary>
public interface IS3BlobStore : IBlobStore, IDisposable;
