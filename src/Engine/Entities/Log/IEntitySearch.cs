using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Search in two steps, so that a slow reader holds neither a connection of the database nor memory: find what meets a condition, by id and
/// revision; then read those revisions page by page. Revisions never change, so the pages are of one moment however long they take. Safe
/// for concurrent use.
/// </summary>
public interface IEntitySearch
{
    /// <summary>Revisions that one read takes at most.</summary>
    public const int ReadMax = PageLimits.Max;

    /// <exception cref="StrataException">SEARCH_TIMEOUT, INVALID_CONDITION where the store cannot evaluate it, and what a log's scan
    /// throws.</exception>
    ValueTask<IReadOnlyList<FoundEntity>> FindAsync(SearchQuery search, CancellationToken cancellationToken);

    /// <summary>
    /// These revisions in this order, at most <see cref="ReadMax"/>, without audit events. What is no longer kept is left out. The page
    /// ends early with the document that reaches <paramref name="bytesMax"/>.
    /// </summary>
    ValueTask<FoundPage> ReadAsync(TenantId tenant, IReadOnlyList<FoundEntity> found, long bytesMax, CancellationToken cancellationToken);
}

/// <summary>Some of what was found.</summary>
/// <param name="Read">How many of those asked for are done with, those left out included: continue after them.</param>
public sealed record FoundPage(IReadOnlyList<EntityRevision> Revisions, int Read);
