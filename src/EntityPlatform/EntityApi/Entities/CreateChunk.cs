using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

internal readonly record struct NewEntity(ModelKey Model, JsonText Document);

/// <summary>Creates the entities of one transaction, all or none.</summary>
internal sealed class CreateChunk(EntityEngine engine, TimeProvider time) : IChunkWriter<NewEntity>
{
    public async ValueTask<Result<ChunkOutcome>> WriteAsync(Caller caller, NewEntity[] items, CancellationToken cancellationToken)
    {
        var written = items.Length == 1 ? await CreateAsync(caller, items[0], cancellationToken)
            : await CreateAllAsync(caller, items, cancellationToken);
        return written.TryGet(out var revisions, out var error) ? Replay(items, revisions) : error;
    }

    public ChunkOutcome Replay(NewEntity[] items, IReadOnlyList<EntityRevision> written) => ChunkOutcome.Of(written, [], default);

    /// <summary>One append and no read.</summary>
    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> CreateAsync(
        Caller caller, NewEntity item, CancellationToken cancellationToken)
    {
        var created = await engine.CreateAsync(caller, item.Model, caller.NewEntityId(0, time), item.Document, null, cancellationToken);
        return created.IsOk ? new[] { created.Value } : created.Error;
    }

    private ValueTask<Result<IReadOnlyList<EntityRevision>>> CreateAllAsync(
        Caller caller, NewEntity[] items, CancellationToken cancellationToken) =>
        engine.TransactAsync(caller, async (transaction, ct) =>
        {
            for (var i = 0; i < items.Length; i++)
            {
                var created = await transaction.CreateAsync(items[i].Model, caller.NewEntityId(i, time), items[i].Document, null, ct);
                if (created.Error is { } error) return EntityApiErrors.AtItem(error, i);
            }
            return null;
        }, cancellationToken);
}
