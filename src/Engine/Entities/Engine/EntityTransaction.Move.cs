using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>The transition that is recorded with an entity that moved to another model.</summary>
    public const string MigrateTransition = "migrate";

    /// <summary>
    /// Moves an entity to another model, mostly another version of its own, in the state that it has and with its scheduled transitions; no
    /// workflow runs. The document must fit that model, and its workflows must know the state (STATE_UNKNOWN).
    /// </summary>
    /// <param name="from">An entity of another model counts as not found.</param>
    public async ValueTask<Result<EntityRevision>> MoveAsync(
        EntityId id, ModelKey from, ModelKey to, DocumentChange change, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(from, id, null, cancellationToken)).TryGet(out var draft, out var error)) return error;
        if (!(await FindModelAsync(to, cancellationToken)).TryGet(out var definition, out error)) return error;
        var entity = draft.Current!;
        if (!KnowsState(definition, entity.State)) return EngineErrors.StateUnknown(to, entity.State);
        if (!change(entity).TryGet(out var document, out error)) return error;
        draft.Admitted = default; // what fits the one model need not fit the other
        var moved = entity with { Model = to, Document = document, Transition = MigrateTransition };
        if (await WriteAsync(draft, definition, new WorkflowOutcome(moved, [], null), cancellationToken) is { } unfit) return unfit;
        if (definition.UniqueKeys.Count == 0) draft.Write(moved, [], [], null); // what the other model's keys held is free again
        return moved;
    }

    private static bool KnowsState(ModelDefinition model, string state) =>
        model.Workflows.Count == 0 ? DefaultWorkflow.Definition.States.ContainsKey(state)
            : model.Workflows.Any(w => w.States.ContainsKey(state));
}
