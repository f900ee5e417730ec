using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    private const int ModelTriesMax = 20;

    private Dictionary<ModelKey, ModelDraft>? models;

    /// <summary>
    /// Checks a document against its model's structure; where the model's change level allows, the structure grows by it, in the same
    /// commit. What was checked before, or stood in the entity before, is not looked at again.
    /// </summary>
    private ValueTask<Error?> AdmitAsync(Draft draft, ModelDefinition model, JsonText document, CancellationToken cancellationToken)
    {
        if (model.Check is null || draft.Admitted.Equals(document.Utf8)) return default;
        if (!model.Check.Fits(document.Utf8.Span)) return AdmitByLogAsync(draft, model.Key, document, cancellationToken);
        draft.Admitted = document.Utf8;
        return default;
    }

    // What is known of the model may be old, so the log has the last word on what does not fit.
    private async ValueTask<Error?> AdmitByLogAsync(Draft draft, ModelKey key, JsonText document, CancellationToken cancellationToken)
    {
        models ??= [];
        if (!models.TryGetValue(key, out var model)) models[key] = model = new ModelDraft(parts.Log, caller.Tenant, key);
        if (await model.AdmitAsync(document, !keepsModels, cancellationToken) is { } error) return error;
        draft.Admitted = document.Utf8;
        return null;
    }

    private async ValueTask<Result<AppendOutcome>> AppendAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (models is null) return Result.Of(await AppendToLogAsync(commit, cancellationToken));
        var outcome = await AppendWithModelsAsync(commit, cancellationToken);
        for (var tries = 1; Met(outcome) is { } model; tries++)
        {
            if (tries == ModelTriesMax) return EngineErrors.ModelBusy();
            using var turn = await parts.ModelTurns.TakeAsync(model.Id, cancellationToken);
            if (await model.AgainAsync(cancellationToken) is { } error) return error;
            outcome = await AppendWithModelsAsync(commit, cancellationToken);
        }
        return outcome;
    }

    /// <summary>
    /// No other caller knows the id of a commit without a key. So if it already exists, it is this very append, sent again after a lost
    /// connection.
    /// </summary>
    private async ValueTask<AppendOutcome> AppendToLogAsync(Commit commit, CancellationToken cancellationToken)
    {
        var outcome = await parts.Log.AppendAsync(commit, cancellationToken);
        var isOwn = commit.Id != caller.Request?.Commit;
        return isOwn && outcome is AppendOutcome.AlreadyCommitted first ? new AppendOutcome.Committed(first.Revision, first.At) : outcome;
    }

    /// <summary>The model that another commit has changed meanwhile.</summary>
    private ModelDraft? Met(AppendOutcome outcome) => outcome is AppendOutcome.Conflict conflict
        ? models!.Values.FirstOrDefault(model => model.Id == conflict.Id) : null;

    private async ValueTask<AppendOutcome> AppendWithModelsAsync(Commit commit, CancellationToken cancellationToken)
    {
        var grown = models!.Values.Where(model => model.HasGrown).ToArray();
        var writes = Array.ConvertAll(grown, model => model.ToWrite());
        var outcome = await AppendToLogAsync(commit with { Writes = [.. commit.Writes, .. writes] }, cancellationToken);
        if (outcome is not AppendOutcome.Committed committed) return outcome;
        for (var i = 0; i < grown.Length; i++) parts.Definitions.Learn(grown[i].Committed(commit, writes[i], committed));
        models = null;
        return outcome;
    }
}
