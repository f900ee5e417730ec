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

    public ValueTask<FoundPage> ReadAsync(
        TenantId tenant, IReadOnlyList<FoundEntity> found, long bytesMax, CancellationToken cancellationToken)
    {
        var (page, bytes, read) = (new List<EntityRevision>(), 0L, 0);
        while (read < found.Count && bytes < bytesMax)
        {
            if (log.Read(tenant, found[read].Id, AsOf.At(found[read++].Revision)) is not { } revision) continue;
            page.Add(revision);
            bytes += revision.Document.Utf8.Length;
        }
        return ValueTask.FromResult(new FoundPage(page, read));
    }

    internal IReadOnlyList<FoundEntity> Find(SearchQuery search, int limit)
    {
        var meeting = log.Snapshot(search.Tenant, search.AsOf)
            .Where(r => r.Model == search.Model && (search.Where is null || ConditionEvaluator.Matches(search.Where, r)));
        if (search.StopsAtLimit) meeting = meeting.Take(limit);
        var sorted = EntityOrder.Sort(Behind(search, meeting), search.Sort);
        return [.. sorted.Take(limit).Select(r => new FoundEntity(r.Id, r.Revision))];
    }

    private IEnumerable<EntityRevision> Behind(SearchQuery search, IEnumerable<EntityRevision> meeting)
    {
        if (search.After is not { } after) return meeting;
        return log.Read(search.Tenant, after.Id, AsOf.At(after.Revision)) is { } last && last.Revision == after.Revision
            ? meeting.Where(r => EntityOrder.Compare(r, last, search.Sort) > 0) : [];
    }
}
