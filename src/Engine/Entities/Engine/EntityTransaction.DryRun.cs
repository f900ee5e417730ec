using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>As <see cref="UpdateAsync"/> up to the commit, which never comes.</summary>
    internal async ValueTask<Result<DryRun>> DryRunAsync(
        EntityId id, DocumentChange change, string? transition, CancellationToken cancellationToken)
    {
        if (!(await FindAsync(null, id, null, cancellationToken)).TryGet(out var draft, out var error)) return error;
        var before = draft.Current!;
        if (!change(before).TryGet(out var document, out error)) return error;
        if (!(await FindModelAsync(before.Model, cancellationToken)).TryGet(out var model, out error)) return error;
        if (await AdmitAsync(draft, model, document, cancellationToken) is { } unfit) return unfit;
        var answers = new DryRunAnswers(parts.Computation, caller.Tenant);
        var entity = before with { Document = document, Transition = transition ?? "loopback" };
        var machine = new WorkflowMachine(model, entity, answers, parts.Time.GetUtcNow());
        if ((await machine.UpdateAsync(transition, cancellationToken)).TryGet(out var outcome, out error))
            error = await RefusalAsync(draft, model, outcome, cancellationToken);
        if (error?.Code == "TRANSITION_NOT_FOUND") return error;
        return new DryRunReport(model, machine, answers).Of(before, transition, outcome, error);
    }

    /// <summary>What the store would have against the outcome.</summary>
    private async ValueTask<Error?> RefusalAsync(
        Draft draft, ModelDefinition model, WorkflowOutcome outcome, CancellationToken cancellationToken)
    {
        if (await WriteAsync(draft, model, outcome, cancellationToken) is { } error) return error;
        foreach (var claim in draft.NewClaims)
        {
            var holder = await parts.Log.FindAsync(caller.Tenant, model.Key.Name, claim, cancellationToken);
            if (holder is { } other && other != draft.Id) return EngineErrors.Duplicate(claim);
        }
        return null;
    }
}
