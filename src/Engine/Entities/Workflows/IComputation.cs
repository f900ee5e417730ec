using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>
/// Who executes processors and function criteria: the platform's own inside the process, users' compute members over RPC. Under one
/// contract, so the engine does not know which.
/// </summary>
public interface IComputation
{
    /// <summary>Runs a processor. The value is the new document, or null to keep it. An error fails the transition.</summary>
    ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken);

    ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken);

    /// <summary>Asks a function when a scheduled transition is to fire. An error fails the write that would have armed it.</summary>
    ValueTask<Result<ScheduleTimes>> ScheduleAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken);

    /// <summary>Whether someone would serve the processor in this tenant now; for dry runs, which do not call it.</summary>
    bool Serves(TenantId tenant, ProcessorDefinition processor);
}

/// <summary>When a scheduled transition is due, and until when it may fire.</summary>
/// <param name="ExpireAt">At or before <paramref name="FireAt"/>: it is over before it began, and nothing is armed. Null: as the schedule's
/// timeout says.</param>
public readonly record struct ScheduleTimes(DateTimeOffset FireAt, DateTimeOffset? ExpireAt);

/// <summary>The input of a processor or criterion.</summary>
/// <param name="Entity">As it is in the transaction now; its revision is the one it was read at, None while it is created.</param>
/// <param name="Join">The transaction to join; null without one, as in a dry run.</param>
public sealed record ComputeCall(EntityRevision Entity, string Workflow, TransitionDefinition? Transition, ICallTransaction? Join = null)
{
    /// <summary>
    /// Id of the project that the entity's model belongs to: members of other projects are not asked. Null: the model is the
    /// organization's, and only members that are too are asked.
    /// </summary>
    public string? Project { get; init; }

    /// <summary>
    /// Cancelled when the response timeout is over, and the call's own token with it. It distinguishes a call that timed out from one whose
    /// caller left.
    /// </summary>
    public CancellationToken TimedOut { get; init; }
}
