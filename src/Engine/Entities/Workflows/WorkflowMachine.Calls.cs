using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

internal sealed partial class WorkflowMachine
{
    private async ValueTask ProcessAsync(
        ProcessorDefinition processor, TransitionDefinition transition, CancellationToken cancellationToken)
    {
        if (!await HoldsAsync(processor.Criterion, transition, cancellationToken))
        {
            if (failure is null) NoteRefusal(AuditEventTypes.ProcessNotMatchCriterion, processor.Name, processor.Criterion!);
            return;
        }
        if (processor.ExecutionMode == ExecutionMode.CommitBeforeDispatch && !await CommitAsync(processor, transition, cancellationToken))
            return;
        var answer = await answers.ProcessAsync(processor, Call(transition), cancellationToken);
        if (processor.ExecutionMode == ExecutionMode.AsyncNewTransaction) NoteUnheeded(processor, answer);
        else if (answer.TryGet(out var document, out failure) && Replace(document, processor))
            Note(AuditEventTypes.StateProcessResult, processor.Name);
    }

    private void NoteUnheeded(ProcessorDefinition processor, Result<JsonText?> answer)
    {
        if (answer.Error is { } ignored)
            Note(AuditEventTypes.StateProcessResult, $"{processor.Name}: {ignored.Code}", ConditionWords.Bound(ignored.Message));
        else Note(AuditEventTypes.StateProcessResult, processor.Name);
    }

    private bool Replace(JsonText? document, ProcessorDefinition processor)
    {
        if (document is not { } next) return true;
        if (JsonGuard.Check(next.Utf8).Error is { } fault) failure = WorkflowErrors.BadDocument(processor.Name, fault);
        else entity = entity with { Document = next };
        return failure is null;
    }

    private async ValueTask<bool> CommitAsync(
        ProcessorDefinition processor, TransitionDefinition transition, CancellationToken cancellationToken)
    {
        Note(AuditEventTypes.PauseForProcessing, transition.Name, processor.Name);
        // Nothing is armed at this point: the entity has not settled, and what was armed before stays until it does.
        var committed = await answers.CommitAsync(processor, new WorkflowOutcome(entity, audit, null), cancellationToken);
        audit = [];
        if (committed.TryGet(out var durable, out failure)) entity = durable;
        return failure is null;
    }

    private async ValueTask<bool> HoldsAsync(Criterion? criterion, TransitionDefinition? transition, CancellationToken cancellationToken)
    {
        if (criterion is null) return true;
        if (criterion.Condition is { } condition) return CriterionEvaluator.Matches(condition, entity);
        if (criterion.Function!.Guard is { } guard && !CriterionEvaluator.Matches(guard, entity)) return false;
        var answer = await answers.MatchesAsync(criterion.Function, Call(transition), cancellationToken);
        return answer.TryGet(out var matches, out failure) && matches;
    }

    private void NoteRefusal(string type, string name, Criterion criterion) =>
        audit.Add(new AuditEvent(type, entity.State, name, criterion.ToWords(), criterion.WhyNot(entity)));
}
