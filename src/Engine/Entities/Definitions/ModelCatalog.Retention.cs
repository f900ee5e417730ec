using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Definitions;

public sealed partial class ModelCatalog
{
    /// <summary>Sets the rule {keepSupersededDays}, whether the model is locked or not.</summary>
    public async ValueTask<Result<ModelInfo>> SetRetentionAsync(
        Caller caller, ModelKey key, JsonText body, CancellationToken cancellationToken)
    {
        if (!ModelRetention.ReadRule(body).TryGet(out var days, out var error)) return error;
        return await ChangeRetentionAsync(caller, key, kept => kept with { KeepSupersededDays = days }, cancellationToken);
    }

    /// <summary>Nothing more is dropped. What has been dropped stays known.</summary>
    public ValueTask<Result<ModelInfo>> EndRetentionAsync(Caller caller, ModelKey key, CancellationToken cancellationToken) =>
        ChangeRetentionAsync(caller, key, kept => kept with { KeepSupersededDays = null }, cancellationToken);

    /// <summary>Notes, before anything is dropped, which reads of the past can no longer be answered from now on.</summary>
    public ValueTask<Result<ModelInfo>> BeginDropAsync(
        Caller caller, ModelKey key, DateTimeOffset horizon, CancellationToken cancellationToken) =>
        ChangeRetentionAsync(
            caller, key, kept => kept.DroppedBefore >= horizon ? kept : kept with { DroppedBefore = horizon }, cancellationToken);

    /// <summary>Notes what was dropped.</summary>
    public ValueTask<Result<ModelInfo>> EndDropAsync(
        Caller caller, ModelKey key, long revisions, DateTimeOffset now, CancellationToken cancellationToken) =>
        ChangeRetentionAsync(
            caller, key, kept => kept with { DroppedRevisions = kept.DroppedRevisions + revisions, DroppedAt = now }, cancellationToken);

    private ValueTask<Result<ModelInfo>> ChangeRetentionAsync(
        Caller caller, ModelKey key, Func<ModelRetention, ModelRetention> change, CancellationToken cancellationToken) =>
        ChangeAsync(caller, key, current =>
        {
            var model = ModelDocument.Read(current.Document);
            var retention = change(model.Retention ?? new ModelRetention(null));
            return (model with { Retention = retention == new ModelRetention(null) ? null : retention }).Write();
        }, null, cancellationToken);

    /// <summary>
    /// What was dropped of a model that was deleted and is made again under the same name: the past of its name has gone all the same.
    /// </summary>
    private async ValueTask<ModelDocument> WithPastAsync(Caller caller, ModelDocument created, CancellationToken cancellationToken)
    {
        var former = await engine.Log.HistoryAsync(caller.Tenant, StoredModel.IdOf(created.Key), null, 1, cancellationToken);
        if (former is not [{ Deleted: true } deleted] || deleted.Model != StoredModel.Key) return created;
        return created with { Retention = ModelDocument.Read(deleted.Document).Retention is { DroppedBefore: not null } past
            ? past with { KeepSupersededDays = null } : null };
    }
}
