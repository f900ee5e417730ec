using Strata.Core;
using Strata.Deployments.Blobs;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Source;

/// <summary>Brings a release's source into an empty folder: from an uploaded archive or from git.</summary>
internal sealed class SourceFetcher(IBlobStore blobs, SourceLimits limits, TimeProvider time)
{
    /// <returns>The exact commit for a git source, null for an archive.</returns>
    public async Task<Result<FetchedSource>> FetchAsync(TenantId tenant, SourceConfig source, string folder, CancellationToken cancellationToken) => source switch
    {
        { Archive: not null, Git: not null } => SourceErrors.TwoSources(),
        { Archive: { } archive } => await UnpackAsync(tenant, archive, folder, cancellationToken),
        { Git: { } git } => await CloneAsync(git, folder, cancellationToken),
        _ => SourceErrors.NoSource(),
    };

    private async Task<Result<FetchedSource>> UnpackAsync(TenantId tenant, string archive, string folder, CancellationToken cancellationToken)
    {
        if (!Digest.TryParse(archive, out var digest)) return BlobErrors.BadDigest(archive);
        await using var content = blobs.Open(tenant, digest);
        if (content is null) return SourceErrors.ArchiveMissing(archive);
        var unpacked = await new ArchiveUnpacker(limits).UnpackAsync(content, folder, cancellationToken);
        return unpacked.Then<FetchedSource>(_ => new FetchedSource(null));
    }

    private async Task<Result<FetchedSource>> CloneAsync(GitSource git, string folder, CancellationToken cancellationToken)
    {
        var fetched = await new GitFetcher(limits, time).FetchAsync(git, folder, cancellationToken);
        if (!fetched.TryGet(out var commit, out var error)) return error;
        var links = LinkMap.Scan(folder);
        foreach (var (link, target) in links.Links)
        {
            if (links.Resolve(link) is null) return SourceErrors.LinkLeaves($"{link} -> {target}");
        }
        return new FetchedSource(commit);
    }
}

/// <param name="Commit">Full hash; null where the source is no repository.</param>
internal sealed record FetchedSource(string? Commit);
