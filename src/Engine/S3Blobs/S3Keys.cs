using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// The keys of objects, below the bucket's prefix: <c>ORG/sha256/HEX</c> are the blobs, <c>ORG/marks/HEX/…</c> the notes of
/// <see cref="S3Marks"/>, <c>ORG/grants/HEX/PROJECT</c> grants, and <c>ORG/uploads/ID</c> uploads in parts.
/// </summary>
internal sealed class S3Keys(string prefix)
{
    public string Root => prefix;

    public string Tenant(TenantId tenant) => $"{prefix}{tenant}/";

    public string Blobs(TenantId tenant) => Tenant(tenant) + "sha256/";

    public string Blob(TenantId tenant, Digest digest) => Blobs(tenant) + digest.Hex;

    public string Marks(TenantId tenant) => Tenant(tenant) + "marks/";

    public string Marks(TenantId tenant, Digest digest) => $"{Marks(tenant)}{digest.Hex}/";

    public string Grants(TenantId tenant, Digest digest) => $"{Tenant(tenant)}grants/{digest.Hex}/";

    public string Grant(TenantId tenant, Digest digest, string project) => IdText.TryParse("prj", project, out _)
        ? Grants(tenant, digest) + project
        : throw new ArgumentException("Not the id of a project.", nameof(project));

    public string Uploads(TenantId tenant) => Tenant(tenant) + "uploads/";
}
