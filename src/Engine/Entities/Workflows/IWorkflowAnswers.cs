using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>What the machine asks of the world outside it. Everything that waits is behind this.</summary>
internal interface IWorkflowAnswers
{
    ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken);

    /// <returns>The new document, or null to keep it.</returns>
    ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken);

    ValueTask<Result<ScheduleTimes>> ScheduleAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken);

    /// <summary>
    /// Makes durable what has happened so far, before a processor is called; answers with the entity as committed. What follows is a second
    /// transaction.
    /// </summary>
    ValueTask<Result<EntityRevision>> CommitAsync(
        ProcessorDefinition processor, WorkflowOutcome soFar, CancellationToken cancellationToken);
}

/// <summary>What a run of the machine made of an entity.</summary>
/// <param name="Entity">With its new state and document; nothing else of it is changed.</param>
/// <param name="Audit">Since the run began or last committed.</param>
/// <param name="Schedules">Armed from now on; null: no statement about them.</param>
internal sealed record WorkflowOutcome(
    EntityRevision Entity, IReadOnlyList<AuditEvent> Audit, IReadOnlyList<ScheduledTransition>? Schedules);
