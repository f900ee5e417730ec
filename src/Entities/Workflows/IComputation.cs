using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>
/// Who executes processors and function criteria: the platform's own inside the process, users' compute members over RPC. Under one contract, so the
/// engine does not know which.
/// </summary>
public interface IComputation
{
    /// <summary>Runs a processor. The value is the new document, or null to keep it. An error fails the transition.</summary>
    ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken);

    ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken);
}

/// <summary>What a processor or criterion is told.</summary>
/// <param name="Entity">As it is in the transaction now; its revision is the one it was read at, None while it is created.</param>
public sealed record ComputeCall(EntityRevision Entity, string Workflow, TransitionDefinition? Transition);
