using Strata.Core;

namespace Strata.Blobs.Disk;

/// <summary>What is where below the root of a <see cref="DiskBlobStore"/>.</summary>
internal sealed class DiskFolders(string root)
{
    public string Root => root;

    public string Tenant(TenantId tenant) => Path.Combine(root, tenant.ToString());

    public string Blobs(TenantId tenant) => Path.Combine(Tenant(tenant), "sha256");

    public string Temporary(TenantId tenant) => Path.Combine(Tenant(tenant), "tmp");

    public string Uploads(TenantId tenant) => Path.Combine(Tenant(tenant), "uploads");

    public string Projects(TenantId tenant) => Path.Combine(Tenant(tenant), "projects");

    public string Blob(TenantId tenant, Digest digest) => Path.Combine(Blobs(tenant), digest.Hex[..2], digest.Hex);

    public string Grant(TenantId tenant, Digest digest, string project) => IdText.TryParse("prj", project, out _)
        ? Path.Combine(Projects(tenant), project, digest.Hex)
        : throw new ArgumentException("Not the id of a project.", nameof(project));
}
