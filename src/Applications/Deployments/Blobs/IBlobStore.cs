using Strata.Core;

namespace Strata.Deployments.Blobs;

/// <summary>
/// Immutable bytes by their digest, apart for each organization. Safe for concurrent use.
/// <para>Invariants. What can be found is whole and hashes to its digest; it is on disk before a put answers. A put that fails leaves nothing.
/// Putting what is there already changes nothing but its age.</para>
/// </summary>
public interface IBlobStore
{
    /// <summary>Bytes that one blob may have.</summary>
    long BytesMax { get; }

    /// <summary>Reads the content to its end and keeps it.</summary>
    /// <param name="expected">What it must hash to, DIGEST_MISMATCH otherwise; null: whatever it hashes to.</param>
    /// <returns>BLOB_TOO_LARGE past <see cref="BytesMax"/>. A fault of the content stream itself is thrown on.</returns>
    Task<Result<BlobInfo>> PutAsync(TenantId tenant, Digest? expected, Stream content, CancellationToken cancellationToken);

    /// <summary>Null where there is none.</summary>
    BlobInfo? Find(TenantId tenant, Digest digest);

    /// <summary>As <see cref="Find"/>, and counts as a put: whoever asks whether it is there means to use it.</summary>
    BlobInfo? Renew(TenantId tenant, Digest digest);

    /// <summary>A seekable stream that the caller disposes; it stays readable though the blob is deleted meanwhile. Null where there is none.</summary>
    FileStream? Open(TenantId tenant, Digest digest);

    IReadOnlyList<TenantId> Tenants();

    IEnumerable<BlobInfo> List(TenantId tenant);

    /// <summary>Deletes a blob that nobody has put since <paramref name="putBefore"/>; false where there is none such.</summary>
    bool Delete(TenantId tenant, Digest digest, DateTimeOffset putBefore);
}

/// <param name="PutAt">When it was last put.</param>
public sealed record BlobInfo(Digest Digest, long Bytes, DateTimeOffset PutAt);
