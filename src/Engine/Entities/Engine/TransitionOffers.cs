using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>Which transitions an entity may be sent through by hand.</summary>
internal sealed class TransitionOffers(ComputationGuard computation)
{
    public async ValueTask<Result<IReadOnlyList<string>>> FindAsync(
        ModelDefinition model, EntityRevision entity, CancellationToken cancellationToken)
    {
        foreach (var workflow in model.Workflows.Where(workflow => workflow.Active))
        {
            if (!(await SuitsAsync(model, workflow, entity, cancellationToken)).TryGet(out var suits, out var error)) return error;
            if (suits) return Offered(workflow, entity.State);
        }
        return Offered(DefaultWorkflow.Definition, entity.State);
    }

    private async ValueTask<Result<bool>> SuitsAsync(
        ModelDefinition model, WorkflowDefinition workflow, EntityRevision entity, CancellationToken cancellationToken)
    {
        if (workflow.Criterion is not { } criterion) return true;
        if (criterion.Condition is { } condition) return CriterionEvaluator.Matches(condition, entity);
        if (criterion.Function!.Guard is { } guard && !CriterionEvaluator.Matches(guard, entity)) return false;
        return await computation.MatchesAsync(
            criterion.Function, new ComputeCall(entity, workflow.Name, null) { Project = model.Project }, cancellationToken);
    }

    private static string[] Offered(WorkflowDefinition workflow, string state) =>
        workflow.States.TryGetValue(state, out var definition)
            ? [.. definition.Transitions.Where(t => t.IsOffered).Select(t => t.Name)] : [];
}
