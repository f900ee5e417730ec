using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>Models that are the same for every tenant: the platform's kinds. Immutable.</summary>
public sealed class StaticDefinitions(IEnumerable<ModelDefinition> models) : IDefinitions
{
    private readonly Dictionary<ModelKey, ModelDefinition> models = models.ToDictionary(model => model.Key);

    public ValueTask<ModelDefinition?> FindAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        new(models.GetValueOrDefault(key));
}
