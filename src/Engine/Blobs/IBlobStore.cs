using Strata.Core;

namespace Strata.Blobs;

/// <summary>
/// Immutable bytes by their digest, separate for each organization. The shape is that of S3: every call may take a network round trip,
/// content is a stream, lists come in pages. Safe for concurrent use, also by several servers where the driver keeps the blobs on shared
/// storage.
/// <para>Invariants. What can be found is whole and hashes to its digest; it is durable before a put returns. A put that fails leaves
/// nothing that is found or counted. Putting an existing blob uploads nothing and renews its age. A blob that was put or renewed since
/// <c>putBefore</c> is not deleted, whichever server deletes.</para>
/// <para>Expected failures of every call: BLOBS_UNAVAILABLE (503, retryable) while the storage does not respond; BLOBS_REFUSED and
/// BLOBS_NO_BUCKET (503) while it does not let this server in.</para>
/// </summary>
public interface IBlobStore
{
    /// <summary>Bytes that one blob may have.</summary>
    long BytesMax { get; }

    /// <summary>What the blobs are kept in, for people: <c>disk</c> or <c>s3://bucket/prefix</c>. Holds no secret and no path.</summary>
    string Description { get; }

    /// <summary>Uploads in parts.</summary>
    IBlobUploads Uploads { get; }

    /// <summary>Reads the content to its end and keeps it. An exception of the content stream is passed on.</summary>
    /// <param name="expected">What it must hash to, DIGEST_MISMATCH otherwise; null: whatever it hashes to.</param>
    /// <returns>BLOB_TOO_LARGE past <see cref="BytesMax"/>; QUOTA_EXCEEDED or INSUFFICIENT_STORAGE (507) where there is no room.</returns>
    Task<Result<BlobInfo>> PutAsync(TenantId tenant, Digest? expected, Stream content, CancellationToken cancellationToken);

    /// <summary>
    /// The bytes from an offset to the end. Most callers want <see cref="BlobStream.OpenAsync"/>, which continues when a stream breaks.
    /// </summary>
    /// <param name="offset">0, or less than the blob's length.</param>
    /// <returns>BLOB_NOT_FOUND.</returns>
    Task<Result<BlobContent>> GetAsync(TenantId tenant, Digest digest, long offset, CancellationToken cancellationToken);

    /// <returns>BLOB_NOT_FOUND.</returns>
    Task<Result<BlobInfo>> HeadAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken);

    /// <summary>As <see cref="HeadAsync"/>, and counts as a put: a caller that asks whether it is there means to use it.</summary>
    Task<Result<BlobInfo>> RenewAsync(TenantId tenant, Digest digest, CancellationToken cancellationToken);

    /// <summary>Deletes a blob, and its grants, that has not been put or renewed since <paramref name="putBefore"/>.</summary>
    /// <param name="putBefore">At most <see cref="BlobLimits.RenewalKept"/> ago.</param>
    /// <returns>False where it stays or is not there.</returns>
    Task<Result<bool>> DeleteAsync(TenantId tenant, Digest digest, DateTimeOffset putBefore, CancellationToken cancellationToken);

    /// <summary>One page of an organization's blobs, ordered by digest.</summary>
    /// <param name="after">A former page's <see cref="Page{T}.Next"/>; null: from the start.</param>
    /// <param name="max">1 to <see cref="PageLimits.Max"/>.</param>
    Task<Result<Page<BlobInfo>>> ListAsync(TenantId tenant, string? after, int max, CancellationToken cancellationToken);

    /// <summary>One page of the organizations that have something here, ordered by id.</summary>
    Task<Result<Page<TenantId>>> ListTenantsAsync(string? after, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that a project has put a blob itself. A token of one project uses those only: knowing a digest is not having the bytes.
    /// </summary>
    /// <param name="project">The project's id.</param>
    Task<Result<Done>> GrantAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken);

    Task<Result<bool>> IsGrantedAsync(TenantId tenant, Digest digest, string project, CancellationToken cancellationToken);

    /// <summary>Whether the storage can be reached, read and written.</summary>
    Task<Result<Done>> CheckAsync(CancellationToken cancellationToken);
}

/// <param name="PutAt">When it was last put. In a list it may be older than the last renewal, which deletion takes into account.</param>
public sealed record BlobInfo(Digest Digest, long Bytes, DateTimeOffset PutAt);

/// <summary>A blob being read. Dispose it.</summary>
/// <param name="Info">Of the whole blob.</param>
/// <param name="Stream">From the offset that was asked for to the end.</param>
public sealed record BlobContent(BlobInfo Info, Stream Stream) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
