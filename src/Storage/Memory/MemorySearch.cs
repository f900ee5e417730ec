using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Search over a log in memory, for tests.</summary>
public sealed class MemorySearch(MemoryLog log) : IEntitySearch
{
    public ValueTask<IReadOnlyList<FoundEntity>> FindAsync(SearchQuery search, CancellationToken cancellationToken)
    {
        SearchGuard.Check(search);
        return ValueTask.FromResult(Find(search, search.Limit));
    }

    public ValueTask<IReadOnlyList<EntityRevision>> ReadAsync(TenantId tenant, IReadOnlyList<FoundEntity> found, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<EntityRevision>>(
            [.. found.Select(f => log.Read(tenant, f.Id, AsOf.At(f.Revision))).OfType<EntityRevision>()]);

    internal IReadOnlyList<FoundEntity> Find(SearchQuery search, int limit)
    {
        var meeting = log.Snapshot(search.Tenant, search.AsOf)
            .Where(r => r.Model == search.Model && (search.Where is null || ConditionEvaluator.Matches(search.Where, r)));
        return [.. EntityOrder.Sort(meeting, search.Sort).Take(limit).Select(r => new FoundEntity(r.Id, r.Revision))];
    }
}
