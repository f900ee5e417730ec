using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>What every transaction of one engine works with.</summary>
/// <param name="Server">The id of the server that the engine runs in; null: it is the only one.</param>
internal sealed record EngineParts(
    IEntityLog Log, IDefinitions Definitions, ComputationGuard Computation, TimeProvider Time, EngineLimits Limits, string? Server = null)
{
    /// <summary>
    /// Whether a caller of one project (null: of the whole organization) may see entities of a model. The platform's own models have rules
    /// of their own.
    /// </summary>
    public async ValueTask<bool> ReachesAsync(string? project, TenantId tenant, ModelKey model, CancellationToken cancellationToken) =>
        project is null || CompositeDefinitions.IsPlatforms(model)
            || (await Definitions.FindAsync(tenant, model, cancellationToken))?.Project == project;

    public ModelTurns ModelTurns { get; } = new();

    public JoinTokens JoinTokens { get; } = new(Server);
}
