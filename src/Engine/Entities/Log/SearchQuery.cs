using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Log;

/// <summary>Which entities of one model to find, and in which order. Their documents are read afterwards, page by page.</summary>
public sealed record SearchQuery
{
    /// <summary>Of <see cref="Limit"/>.</summary>
    public const int LimitMax = 10_001;

    public const int SortKeysMax = 16;

    public required TenantId Tenant { get; init; }
    public required ModelKey Model { get; init; }

    /// <summary>Null: all.</summary>
    public Condition? Where { get; init; }

    /// <summary>As of when. The latest: as of one moment during the search.</summary>
    public AsOf AsOf { get; init; }

    /// <summary>At most <see cref="SortKeysMax"/>; ties, and all entities without a sort key, are ordered by id.</summary>
    public IReadOnlyList<SortKey> Sort { get; init; } = [];

    /// <summary>1 to <see cref="LimitMax"/>.</summary>
    public int Limit { get; init; } = PageLimits.Default;

    /// <summary>
    /// Sorts only the first <see cref="Limit"/> that match, in no order: for a search that is refused when as many match, so that it is
    /// refused before the rest is read and sorted. The order is right if fewer match.
    /// </summary>
    public bool StopsAtLimit { get; init; }

    /// <summary>
    /// Start behind this entity, in the order that the search asks for, by the values that this revision of it had; it need not match. The
    /// log must hold the revision, or nothing is found. Null: from the start.
    /// </summary>
    public FoundEntity? After { get; init; }

    /// <summary>Past it the search ends with SEARCH_TIMEOUT.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// One key of an order. Numbers come before strings and those before booleans, each by value (strings by code point); descending turns all
/// of that round. What has no such value (it is missing, null, an object or an array) comes last either way.
/// </summary>
/// <param name="Field">A path has no wildcard.</param>
public sealed record SortKey(Field Field, bool Descending = false);

/// <summary>An entity that met a search, in the revision in which it did.</summary>
public readonly record struct FoundEntity(EntityId Id, Revision Revision);
