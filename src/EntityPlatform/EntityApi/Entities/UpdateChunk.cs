using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>
/// Changes the entities of one transaction. Those that have changed since the transaction that their ifMatch names are skipped and
/// reported; any other failure abandons all.
/// </summary>
internal sealed class UpdateChunk(EntityEngine engine, TimeProvider time) : IChunkWriter<EntityChange>
{
    public async ValueTask<Result<ChunkOutcome>> WriteAsync(Caller caller, EntityChange[] items, CancellationToken cancellationToken)
    {
        var failed = new List<FailedItem>();
        var written = items.Length == 1
            ? await UpdateAsync(caller, items[0], failed, cancellationToken)
            : await UpdateAllAsync(caller, items, failed, cancellationToken);
        return written.TryGet(out var revisions, out var error) ? ChunkOutcome.Of(revisions, failed, CommitId.New(time)) : error;
    }

    public ChunkOutcome Replay(EntityChange[] items, IReadOnlyList<EntityRevision> written)
    {
        var ids = written.Select(w => w.Id).ToHashSet();
        var failed = items.Index().Where(i => !ids.Contains(i.Item.Id))
            .Select(i => new FailedItem(i.Index, i.Item.Id, EntityApiErrors.Modified(i.Item.Id)));
        return ChunkOutcome.Of(written, [.. failed], default);
    }

    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> UpdateAsync(
        Caller caller, EntityChange item, List<FailedItem> failed, CancellationToken cancellationToken)
    {
        var updated = await engine.UpdateAsync(caller, null, item.Id, item.Apply, item.Transition, null, cancellationToken);
        if (updated.IsOk) return new[] { updated.Value };
        return TryLeaveOut(item, 0, updated.Error, failed) ? Array.Empty<EntityRevision>() : EntityApiErrors.AtItem(updated.Error, 0);
    }

    private ValueTask<Result<IReadOnlyList<EntityRevision>>> UpdateAllAsync(
        Caller caller, EntityChange[] items, List<FailedItem> failed, CancellationToken cancellationToken) =>
        engine.TransactAsync(caller, async (transaction, ct) =>
        {
            failed.Clear();
            for (var i = 0; i < items.Length; i++)
            {
                var updated = await transaction.UpdateAsync(null, items[i].Id, items[i].Apply, items[i].Transition, null, ct);
                if (updated.Error is { } error && !TryLeaveOut(items[i], i, error, failed)) return EntityApiErrors.AtItem(error, i);
            }
            return null;
        }, cancellationToken);

    private static bool TryLeaveOut(EntityChange item, int index, Error error, List<FailedItem> failed)
    {
        if (item.IfMatch is null || error.Code != EntityApiErrors.ModifiedCode) return false;
        failed.Add(new FailedItem(index, item.Id, error));
        return true;
    }
}
