using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Declared indexes in memory, for tests: declared and ready, and never used.</summary>
public sealed class MemorySearchIndexes : ISearchIndexes
{
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, ModelKey), List<SearchIndex>> declared = [];

    public ValueTask<IReadOnlyList<SearchIndex>> ListAsync(TenantId tenant, ModelKey model, CancellationToken cancellationToken)
    {
        lock (gate) return ValueTask.FromResult<IReadOnlyList<SearchIndex>>([.. declared.GetValueOrDefault((tenant, model)) ?? []]);
    }

    public ValueTask<bool> DeclareAsync(
        TenantId tenant, ModelKey model, EntityId modelId, IReadOnlyList<JsonPath> paths, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var others = declared.Where(d => d.Key != (tenant, model)).Sum(d => d.Value.Count);
            if (others + paths.Count > ISearchIndexes.TotalMax) return ValueTask.FromResult(false);
            declared[(tenant, model)] = [.. paths.OrderBy(path => path.Text, StringComparer.Ordinal)
                .Select(path => new SearchIndex(path, SearchIndexState.Ready))];
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<bool> WorkAsync(CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public ValueTask<SearchPlan> ExplainAsync(SearchQuery search, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SearchPlan([], JsonText.FromString("""[{"Plan":{"Node Type":"Scan in memory"}}]""")));
}
