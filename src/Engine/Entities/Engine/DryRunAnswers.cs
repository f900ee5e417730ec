using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>Answers a machine that only tries: keeps what it would have called and committed, and does neither. For one run.</summary>
internal sealed class DryRunAnswers(ComputationGuard computation, TenantId tenant) : IWorkflowAnswers
{
    private readonly List<AuditEvent> committed = [];

    /// <summary>Processors that would be called, in order, with the transition and the state in which that would be.</summary>
    public Queue<(string Transition, string State, DryCall Call)> Calls { get; } = new();

    /// <summary>What would have happened before the last commit on the way.</summary>
    public IReadOnlyList<AuditEvent> Committed => committed;

    public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        computation.MatchesAsync(function, call, cancellationToken);

    public ValueTask<Result<ScheduleTimes>> ScheduleAsync(
        FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
        computation.ScheduleAsync(function, call, cancellationToken);

    public ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken)
    {
        var isServed = computation.Serves(tenant, processor);
        Calls.Enqueue((call.Transition!.Name, call.Entity.State, new DryCall(processor, isServed)));
        return new(isServed ? Result.Of<JsonText?>(null) : ComputationErrors.NoMember(processor.Name, processor.Config.Tags));
    }

    public ValueTask<Result<EntityRevision>> CommitAsync(
        ProcessorDefinition processor, WorkflowOutcome soFar, CancellationToken cancellationToken)
    {
        committed.AddRange(soFar.Audit);
        return new(soFar.Entity);
    }
}
