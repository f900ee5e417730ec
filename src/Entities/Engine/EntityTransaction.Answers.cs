using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>What the machine asks while it works on one entity of this transaction.</summary>
    private sealed class Answers(EntityTransaction transaction, Draft draft, ModelDefinition model) : IWorkflowAnswers
    {
        public ValueTask<Result<bool>> MatchesAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.parts.Computation.MatchesAsync(function, call, cancellationToken);

        public ValueTask<Result<JsonText?>> ProcessAsync(ProcessorDefinition processor, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.parts.Computation.ProcessAsync(processor, call, cancellationToken);

        public ValueTask<Result<ScheduleTimes>> ScheduleAsync(FunctionDefinition function, ComputeCall call, CancellationToken cancellationToken) =>
            transaction.parts.Computation.ScheduleAsync(function, call, cancellationToken);

        public async ValueTask<Result<EntityRevision>> CommitAsync(WorkflowOutcome soFar, CancellationToken cancellationToken)
        {
            if (!transaction.snapshot.IsLatest) return EngineErrors.CommitInJoinedTransaction(model.Key.Name);
            if (transaction.Write(draft, model, soFar) is { } error) return error;
            return (await transaction.AppendAsync(cancellationToken)).TryGet(out var written, out error) ? written[0] : error;
        }
    }
}
