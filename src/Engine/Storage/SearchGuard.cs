using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>What every store demands of a search. A breach is a fault of the program, so it throws.</summary>
internal static class SearchGuard
{
    public static void Check(SearchQuery search)
    {
        ArgumentNullException.ThrowIfNull(search);
        ArgumentOutOfRangeException.ThrowIfLessThan(search.Limit, 1, nameof(search));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(search.Limit, SearchQuery.LimitMax, nameof(search));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(search.Sort.Count, SearchQuery.SortKeysMax, nameof(search));
        if (search is { StopsAtLimit: true, After: not null })
            throw new ArgumentException("A search that is refused at its limit has one page.", nameof(search));
        if (search.Sort.Any(key => key.Field is Field.Path { Value.HasWildcard: true }))
            throw new ArgumentException("A path to sort by leads to one value, so it has no wildcard.", nameof(search));
    }
}
