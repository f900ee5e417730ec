using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Log;

/// <summary>
/// Declared indexes: for each, the store keeps the values of one path of one model's present entities in order, so that a search need not
/// look at every entity. They answer equality, IN_SET and ranges of numbers; they never change what a search finds. Built and dropped in
/// the background, without blocking writes. Safe for concurrent use.
/// </summary>
public interface ISearchIndexes
{
    /// <summary>Declared indexes of one model at most.</summary>
    public const int PerModelMax = 8;

    /// <summary>Of all models together: each write of any entity checks every one.</summary>
    public const int TotalMax = 200;

    /// <summary>In order of their paths.</summary>
    ValueTask<IReadOnlyList<SearchIndex>> ListAsync(TenantId tenant, ModelKey model, CancellationToken cancellationToken);

    /// <summary>Makes these paths, and no others, the indexed ones. False where there would be more than <see cref="TotalMax"/>.</summary>
    /// <param name="paths">Of names only, each once, at most <see cref="PerModelMax"/>.</param>
    ValueTask<bool> DeclareAsync(
        TenantId tenant, ModelKey model, EntityId modelId, IReadOnlyList<JsonPath> paths, CancellationToken cancellationToken);

    /// <summary>
    /// Builds or drops one index, or does nothing and returns false. By one caller at a time in the cloud. Indexes of models that are gone
    /// are dropped.
    /// </summary>
    ValueTask<bool> WorkAsync(CancellationToken cancellationToken);

    /// <summary>How the store would answer a search, without doing so.</summary>
    ValueTask<SearchPlan> ExplainAsync(SearchQuery search, CancellationToken cancellationToken);
}

/// <summary>A declared index.</summary>
/// <param name="Progress">While it is built: from 0 to 1, where that is known.</param>
/// <param name="Message">Why it failed; declaring it again retries the build.</param>
public sealed record SearchIndex(JsonPath Path, SearchIndexState State, double? Progress = null, string? Message = null);

public enum SearchIndexState
{
    Pending,
    Building,
    Ready,
    Failed,
    Dropping,
}

/// <summary>How a search would be answered.</summary>
/// <param name="Used">Paths of the declared indexes that it would use.</param>
/// <param name="Plan">The store's own account, as JSON.</param>
public sealed record SearchPlan(IReadOnlyList<JsonPath> Used, JsonText Plan);
