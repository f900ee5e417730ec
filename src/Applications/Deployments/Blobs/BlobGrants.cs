using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Deployments.Blobs;

/// <summary>
/// Which projects have put a blob themselves. A token of one project reads and uses those only: knowing a digest is not having the bytes. Kept as
/// empty files, <c>ROOT/TENANT/projects/PROJECT/DIGEST</c>; a grant whose blob is gone means nothing. Safe for concurrent use.
/// </summary>
internal sealed class BlobGrants(string root)
{
    private const string Folder = "projects";

    public void Add(TenantId tenant, string project, Digest digest)
    {
        var path = PathOf(tenant, project, digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var made = File.Open(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
    }

    /// <param name="project">Null: the whole organization, whose every blob is granted.</param>
    public bool Has(TenantId tenant, string? project, Digest digest) => project is null || File.Exists(PathOf(tenant, project, digest));

    /// <summary>Removes what was granted for a blob that is deleted.</summary>
    public void Remove(TenantId tenant, Digest digest)
    {
        var folder = Path.Combine(root, tenant.ToString(), Folder);
        if (!Directory.Exists(folder)) return;
        foreach (var project in Directory.EnumerateDirectories(folder)) File.Delete(Path.Combine(project, digest.Hex));
    }

    private string PathOf(TenantId tenant, string project, Digest digest) => ProjectKind.Kind.TryParseId(project, out _)
        ? Path.Combine(root, tenant.ToString(), Folder, project, digest.Hex)
        : throw new ArgumentException("Not the id of a project.", nameof(project));
}
