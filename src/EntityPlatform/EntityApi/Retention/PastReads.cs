using System.Globalization;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Retention;

/// <summary>
/// Refuses reads of a past whose revisions were dropped (REVISIONS_DROPPED), rather than answer them wrong. Reads of the present cost
/// nothing. Safe for concurrent use.
/// </summary>
internal sealed class PastReads(IEntityLog log, ModelCatalog catalog)
{
    /// <summary>Null if all of the model's entities as of then can be read.</summary>
    public async ValueTask<Error?> CheckAsync(Caller caller, ModelKey model, AsOf asOf, CancellationToken cancellationToken)
    {
        if (asOf.IsLatest || !(await catalog.GetAsync(caller, model, AsOf.Latest, cancellationToken)).TryGet(out var known, out _))
            return null;
        return await CheckAsync(caller, known, asOf, cancellationToken);
    }

    /// <summary>Null if all entities of all models as of then can be read.</summary>
    public async ValueTask<Error?> CheckAllAsync(Caller caller, AsOf asOf, CancellationToken cancellationToken)
    {
        if (asOf.IsLatest) return null;
        if (!(await catalog.ListAsync(caller, cancellationToken)).TryGet(out var models, out var error)) return error;
        foreach (var model in models)
        {
            if (await CheckAsync(caller, model, asOf, cancellationToken) is { } dropped) return dropped;
        }
        return null;
    }

    /// <summary>
    /// For an entity that was not found as of then. Only an entity's oldest revisions are dropped, so what is found was truly so; what is
    /// not found may have been there.
    /// </summary>
    public async ValueTask<Error?> CheckMissingAsync(Caller caller, EntityId id, AsOf asOf, CancellationToken cancellationToken)
    {
        if (asOf.IsLatest) return null;
        var newest = await log.TrailAsync(caller.Tenant, id, null, 1, cancellationToken);
        return newest is [var one] && !EntityCall.IsPlatforms(one.Model)
            ? await CheckAsync(caller, one.Model, asOf, cancellationToken) : null;
    }

    /// <summary>As the other, of a model that was just read.</summary>
    public async ValueTask<Error?> CheckAsync(Caller caller, ModelInfo model, AsOf asOf, CancellationToken cancellationToken)
    {
        if (asOf.IsLatest || model.Retention?.DroppedBefore is not { } horizon) return null;
        var time = asOf.Time ?? await TimeOfAsync(caller.Tenant, asOf.Revision!.Value, cancellationToken);
        return time >= horizon ? null : Dropped(model.Key, horizon);
    }

    /// <summary>
    /// When a commit was made: the time of the first remaining revision from it on, which is too late only if its own revisions are gone.
    /// </summary>
    private async ValueTask<DateTimeOffset> TimeOfAsync(TenantId tenant, Revision revision, CancellationToken cancellationToken)
    {
        var found = await log.FollowAsync(tenant, new Revision(revision.Value - 1), 1, cancellationToken);
        return found.Count > 0 && found[0].Revision == revision ? found[0].ChangedAt : DateTimeOffset.MinValue;
    }

    private static Error Dropped(ModelKey model, DateTimeOffset horizon)
    {
        var text = horizon.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        return new Error(
            ErrorKind.Gone, "REVISIONS_DROPPED",
            $"Superseded revisions of the model {model} from before {text} were dropped by its retention rule.",
            "Use that time or a later one; current data is complete.")
        {
            Details = new Dictionary<string, string> { ["droppedBefore"] = text },
        };
    }
}
