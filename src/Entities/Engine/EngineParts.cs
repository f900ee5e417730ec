using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>What every transaction of one engine works with.</summary>
internal sealed record EngineParts(IEntityLog Log, IDefinitions Definitions, ComputationGuard Computation, TimeProvider Time, EngineLimits Limits)
{
    public ModelTurns ModelTurns { get; } = new();

    public JoinTokens JoinTokens { get; } = new();
}
