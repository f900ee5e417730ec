using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// While a member is asked, it may join: its requests work on this transaction, one after another, and take effect with it. The entity that
/// the member is asked about can be read but not changed, because its machine is in the middle of changing it.
/// </summary>
public sealed partial class EntityTransaction
{
    /// <summary>Members that join may write what members are asked about, who may join; at most so deep.</summary>
    private const int JoinDepthMax = 16;

    private int joinDepth;

    private bool IsJoined => joinDepth > 0;

    /// <summary>Which drafts a request wrote itself: a bit for each depth.</summary>
    private uint DepthBit => 1u << joinDepth;

    /// <summary>Calls a member; the transaction is open to it until the answer arrives.</summary>
    /// <param name="mayWrite">Whether what it did in the transaction stays when it succeeds.</param>
    private async ValueTask<Result<T>> CallAsync<T>(
        Draft draft, ComputeCall call, bool mayWrite, Func<ComputeCall, CancellationToken, ValueTask<Result<T>>> ask,
        CancellationToken cancellationToken)
    {
        var join = new CallTransaction(caller.Tenant, this, parts.JoinTokens);
        var hasSucceeded = false;
        draft.InWork = call.Entity;
        try
        {
            var answer = await InTimeAsync(ct => ask(call with { Join = join }, ct), cancellationToken);
            hasSucceeded = answer.IsOk;
            return answer;
        }
        finally
        {
            await join.EndAsync(keep: hasSucceeded && mayWrite);
            draft.InWork = null;
        }
    }

    /// <summary>Does the work as one step: whole, or not at all.</summary>
    internal async ValueTask<Result<T>> JoinAsync<T>(
        Caller joining, Func<EntityTransaction, CancellationToken, ValueTask<Result<T>>> work, CancellationToken cancellationToken)
    {
        if (joinDepth == JoinDepthMax) return EngineErrors.JoinedTooDeep(JoinDepthMax);
        await SettleAsync(cancellationToken);
        var (before, keptModels, outer) = (Save(), keepsModels, project);
        var isDone = false;
        (joinDepth, keepsModels, project) = (joinDepth + 1, joining.KeepsModels, joining.Project);
        foreach (var draft in drafts.Values) draft.WrittenBy &= ~DepthBit;
        try
        {
            var result = await work(this, cancellationToken);
            isDone = result.IsOk;
            return result;
        }
        finally
        {
            (joinDepth, keepsModels, project) = (joinDepth - 1, keptModels, outer);
            if (!isDone) Restore(before);
        }
    }

    /// <summary>What the current request itself has written.</summary>
    internal IReadOnlyList<EntityRevision> Written() =>
        [.. drafts.Values.Where(draft => (draft.WrittenBy & DepthBit) != 0 && draft.MustAppend).Select(draft => draft.Written)];

    /// <summary>One entity as members see it: also the one that is in the middle of its change.</summary>
    internal async ValueTask<Result<EntityRevision>> ReadInWorkAsync(EntityId id, CancellationToken cancellationToken) =>
        drafts.TryGetValue(id, out var draft) && draft.InWork is { } entity && await ReachesAsync(entity.Model, cancellationToken)
            ? entity with { Commit = request!.Value } : await ReadAsync(id, cancellationToken);

    internal Savepoint Save() => new(
        [.. drafts.Values.Select(draft => (draft, draft.State))], models is null
            ? [] : [.. models.Values.Select(model => (model, model.DocumentCount))], bytes);

    internal void Restore(Savepoint savepoint)
    {
        bytes = savepoint.Bytes;
        var kept = savepoint.Drafts.ToDictionary(saved => saved.Draft.Id);
        foreach (var id in drafts.Keys.Where(id => !kept.ContainsKey(id)).ToArray()) drafts.Remove(id);
        foreach (var (draft, state) in savepoint.Drafts) (drafts[draft.Id], draft.State) = (draft, state); // also one that was let go since
        if (models is null) return;
        var documents = savepoint.Models.ToDictionary(saved => saved.Model.Id, saved => saved.Documents);
        foreach (var (key, model) in models.ToArray())
        {
            if (documents.TryGetValue(model.Id, out var count)) model.Truncate(count);
            else models.Remove(key);
        }
    }

    /// <summary>
    /// From here on several entities may be involved: all are read as of one revision, and what is written can be recognized by its commit.
    /// </summary>
    private async ValueTask SettleAsync(CancellationToken cancellationToken)
    {
        request ??= CommitId.New(parts.Time);
        if (snapshot.IsLatest) snapshot = AsOf.At(await parts.Log.HeadAsync(caller.Tenant, cancellationToken));
    }
}
