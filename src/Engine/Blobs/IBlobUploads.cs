using Strata.Core;

namespace Strata.Blobs;

/// <summary>
/// Uploads in parts, for content that is too large to be sent again whole when a connection breaks. Parts may arrive in any order, on any
/// server and at the same time; a part that is sent again replaces the former one. An upload that is not completed within
/// <see cref="BlobLimits.UploadKept"/> is removed with its parts. An upload is not a blob: nothing finds it before it is complete.
/// </summary>
public interface IBlobUploads
{
    /// <returns>UPLOADS_EXHAUSTED (429) where the organization has <see cref="BlobLimits.UploadsMax"/> open ones.</returns>
    Task<Result<UploadId>> StartAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <param name="number">1 to <see cref="BlobLimits.PartsMax"/>: the order of the parts in the blob.</param>
    /// <param name="content">At most <see cref="BlobLimits.PartBytesMax"/>; all but the last part need
    /// <see cref="BlobLimits.PartBytesMin"/>.</param>
    /// <returns>UPLOAD_NOT_FOUND; INVALID_PART; QUOTA_EXCEEDED, BLOB_TOO_LARGE.</returns>
    Task<Result<UploadPart>> PutPartAsync(
        TenantId tenant, UploadId upload, int number, Stream content, CancellationToken cancellationToken);

    /// <summary>The parts that have arrived, by number; a resumed upload sends the others.</summary>
    Task<Result<IReadOnlyList<UploadPart>>> ListPartsAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken);

    /// <summary>Joins the parts to a blob and ends the upload.</summary>
    /// <returns>DIGEST_MISMATCH ends it too: the parts are gone. INVALID_PART where a part other than the last is too small.</returns>
    Task<Result<BlobInfo>> CompleteAsync(TenantId tenant, UploadId upload, Digest digest, CancellationToken cancellationToken);

    /// <summary>Removes it with its parts. Ok also where it is not there.</summary>
    Task<Result<Done>> AbortAsync(TenantId tenant, UploadId upload, CancellationToken cancellationToken);

    /// <summary>
    /// Removes what has expired of an organization: uploads, and a driver's own notes. Several servers may do so at once.
    /// </summary>
    Task<Result<Done>> RemoveExpiredAsync(TenantId tenant, CancellationToken cancellationToken);
}

/// <summary>Names an upload. Opaque, safe in URLs.</summary>
public readonly record struct UploadId(string Value)
{
    public override string ToString() => Value;
}

public sealed record UploadPart(int Number, long Bytes);
