using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

public sealed partial class EntityTransaction
{
    /// <summary>
    /// One page of a model's entities in order of their ids, as the transaction sees them: the snapshot with its own writes. What is
    /// returned counts as read, so a commit validates it; that nothing else came to meet the condition is not validated.
    /// </summary>
    /// <param name="after">Go on behind this entity; null: from the start.</param>
    /// <param name="limit">1 to <see cref="PageLimits.Max"/>. A page that is shorter is the last.</param>
    /// <returns>TRANSACTION_TOO_LARGE where the page's documents have more bytes than a transaction may write.</returns>
    public async ValueTask<Result<IReadOnlyList<EntityRevision>>> ScanAsync(
        ModelKey model, Condition? where, EntityId? after, int limit, CancellationToken cancellationToken)
    {
        if (Check(null) is { } closed) return closed;
        if (!await ReachesAsync(model, cancellationToken)) return EngineErrors.ModelNotFound(model);
        var position = after is { } id ? new ScanPosition(caller.Tenant, id) : (ScanPosition?)null;
        var scan = new Scan { Tenant = caller.Tenant, Model = model, Where = where, AsOf = snapshot, After = position, Limit = limit };
        var own = drafts.Values.Where(draft => draft.IsWritten && IsWithin(draft, model, where, after))
            .Select(draft => draft.Current!).ToList();
        var found = new List<EntityRevision>();
        var isLast = false;
        var bytes = 0L;
        while (found.Count < limit && !isLast)
        {
            var page = await parts.Log.ScanAsync(scan, cancellationToken);
            found.AddRange(page.Where(entity => !IsWritten(entity.Id)));
            bytes += page.Sum(entity => (long)entity.Document.Utf8.Length);
            if (bytes > parts.Limits.TransactionBytesMax)
                return EngineErrors.TransactionTooLarge($"more than {parts.Limits.TransactionBytesMax} bytes of one page of a list");
            isLast = page.IsLast;
            if (!isLast) scan = scan with { After = new ScanPosition(caller.Tenant, page[^1].Id) };
        }
        var results = found.Concat(own).OrderBy(entity => entity.Id.Value).Take(limit).ToList();
        return results.Select(Track).FirstOrDefault(error => error is not null) is { } full ? full : results;
    }

    private static bool IsWithin(Draft draft, ModelKey model, Condition? where, EntityId? after) =>
        draft.Current is { } entity && entity.Model == model
        && (after is not { } id || entity.Id.Value.CompareTo(id.Value) > 0)
        && (where is null || ConditionEvaluator.Matches(where, entity));

    private bool IsWritten(EntityId id) => drafts.TryGetValue(id, out var draft) && draft.IsWritten;

    private Error? Track(EntityRevision entity)
    {
        if (drafts.ContainsKey(entity.Id)) return null;
        if (Check(entity.Id) is { } full) return full;
        drafts[entity.Id] = new Draft(entity.Id, entity);
        return null;
    }
}
