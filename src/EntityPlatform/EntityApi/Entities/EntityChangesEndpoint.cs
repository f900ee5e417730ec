using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Entities;

/// <summary>Who changed an entity when, newest first, however often that was: written page by page.</summary>
internal sealed class EntityChangesEndpoint(EntityEngine engine, PastReads past)
{
    private const int PageRows = 200;

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "GET", "/api/entity/{entityId}/changes", EntityOperations.Read,
        EntityOperations.Describe(
            "getEntityChanges", "Who changed it when, newest first.") with { Parameters = [EntityOperations.PointInTime] },
        ChangesAsync).JoinsTransactions();

    private async Task<Result<Answer>> ChangesAsync(ApiCall call)
    {
        if (!EntityTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!call.QueryTime("pointInTime").TryGet(out var until, out error)) return error;
        var page = await PageAsync(target, null, call.Aborted);
        while (page.Count > 0 && page[^1].ChangedAt > until) page = await PageAsync(target, page[^1].Revision, call.Aborted);
        if (page.Count == 0 && until is { } at && await past.CheckMissingAsync(
            target.Caller, target.Id, AsOf.At(at), call.Aborted) is { } dropped) return dropped;
        if (page.Count == 0 || EntityCall.IsPlatforms(page[0].Model)) return EntityApiErrors.EntityNotFound(target.Id.ToString());
        return Answer.Stream(http => WriteAsync(http, target, [.. page.Where(r => until is null || r.ChangedAt <= until)]));
    }

    /// <summary>One change behind: only with nothing before it is a revision the first.</summary>
    private async Task WriteAsync(HttpContext http, EntityTarget target, IReadOnlyList<EntityRevision> page)
    {
        var array = new JsonArrayStream(http);
        EntityRevision? held = null;
        for (; page.Count > 0; page = await PageAsync(target, page[^1].Revision, http.RequestAborted))
        {
            foreach (var revision in page)
            {
                if (held is not null) EntityWriter.WriteChange(array.Json, held, isFirst: false);
                held = revision;
            }
            await array.FlushAsync();
        }
        EntityWriter.WriteChange(array.Json, held!, isFirst: held!.CreatedAt == held.ChangedAt);
        await array.CompleteAsync();
    }

    private ValueTask<RevisionPage> PageAsync(EntityTarget target, Revision? before, CancellationToken cancellationToken) =>
        engine.Log.TrailAsync(target.Caller.Tenant, target.Id, before, PageRows, cancellationToken);
}
