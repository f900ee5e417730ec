using Strata.Blobs;
using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Source;

/// <summary>Fetches a release's source into an empty workspace: from an uploaded archive or from git.</summary>
internal sealed class SourceFetcher(IBlobStore blobs, ISandbox sandbox, SourceLimits limits)
{
    public async Task<Result<FetchedSource>> FetchAsync(
        TenantId tenant, SourceConfig source, IWorkspace workspace, CancellationToken cancellationToken) => source switch
    {
        { Archive: not null, Git: not null } => SourceErrors.TwoSources(),
        { Archive: { } archive } => await UnpackAsync(tenant, archive, workspace.Folder, cancellationToken),
        { Git: { } git } => await CloneAsync(git, workspace, cancellationToken),
        _ => SourceErrors.NoSource(),
    };

    private async Task<Result<FetchedSource>> UnpackAsync(
        TenantId tenant, string archive, string folder, CancellationToken cancellationToken)
    {
        if (!Digest.TryParse(archive, out var digest)) return BlobErrors.BadDigest(archive);
        if (!(await BlobStream.OpenAsync(blobs, tenant, digest, cancellationToken)).TryGet(out var content, out var error))
            return error.Kind == ErrorKind.NotFound ? SourceErrors.ArchiveMissing(archive) : error;
        await using (content)
        {
            try
            {
                var unpacked = await new ArchiveUnpacker(limits).UnpackAsync(content, folder, cancellationToken);
                return unpacked.Then<FetchedSource>(_ => new FetchedSource(null));
            }
            catch (StrataException e)
            {
                return e.Error; // the storage failed in the middle of it
            }
        }
    }

    private async Task<Result<FetchedSource>> CloneAsync(GitSource git, IWorkspace workspace, CancellationToken cancellationToken)
    {
        var fetched = await new GitFetcher(sandbox, limits).FetchAsync(git, workspace, cancellationToken);
        if (!fetched.IsOk) return fetched;
        var links = LinkMap.Scan(workspace.Folder, limits.FilesMax * 2, cancellationToken);
        foreach (var (link, target) in links.Links)
        {
            if (links.Leaves(link)) return SourceErrors.LinkLeaves($"{link} -> {target}");
        }
        return fetched;
    }
}

/// <param name="Commit">Full hash; null if the source is not a repository.</param>
/// <param name="HasSubmodules">It has submodules, which were not fetched.</param>
internal sealed record FetchedSource(string? Commit, bool HasSubmodules = false);
