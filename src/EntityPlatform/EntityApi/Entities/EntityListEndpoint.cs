using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Entities;

/// <summary>The entities of a model, page by page.</summary>
internal sealed class EntityListEndpoint(EntityEngine engine, ModelCatalog catalog, PastReads past, AnswerMemory memory)
{
    private readonly EntityCursorList cursors = new(engine.Log, memory);

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "GET", "/api/entity/{entityName}/{modelVersion}", EntityOperations.Read,
        EntityOperations.Describe("listEntities", "The entities of a model, page by page.") with
        {
            Parameters =
            [
                Parameter.Query("pageSize", "Entities per page.", Schemas.Integer(1, EntityOperations.ItemsMax)),
                Parameter.Query("pageNumber", "From 0.", Schemas.Integer(0, int.MaxValue)),
                Parameter.Query(EntityCursorList.LimitName, "Entities per page of {items, nextCursor}; instead of pageSize.",
                    Schemas.Integer(1, PageLimits.Max)),
                Parameter.Query(EntityCursorList.CursorName, "The nextCursor of the previous page; stable under writes.", Schemas.Text()),
                EntityOperations.PointInTime,
            ],
        },
        ListAsync);

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if (await past.CheckAsync(target.Caller, target.Model, asOf, call.Aborted) is { } dropped) return dropped;
        if (EntityCursorList.IsAsked(call)) return await cursors.ListAsync(call, target, asOf);
        if (!call.QueryInt("pageSize", 20, 1, EntityOperations.ItemsMax).TryGet(out var size, out error)) return error;
        if (!call.QueryInt("pageNumber", 0, 0, int.MaxValue).TryGet(out var number, out error)) return error;
        if ((long)size * number > int.MaxValue) return EntityApiErrors.PageTooHigh;
        var scan = new Scan { Tenant = target.Caller.Tenant, Model = target.Model, AsOf = asOf,
            Limit = (int)Math.Min(PageLimits.Max, ((long)size * number) + size) };
        var pages = memory.BoundAsync(scan.Tenant!.Value, engine.Log.BoundedPagesAsync(scan, call.Aborted), call.Aborted)
            .GetAsyncEnumerator(call.Aborted);
        call.Http.Response.RegisterForDisposeAsync(pages);
        var skip = size * number;
        while (await pages.MoveNextAsync())
        {
            if (pages.Current.Count > skip) return Answer.Stream(http => WriteAsync(http, pages, asOf.Time, skip, size));
            skip -= pages.Current.Count;
        }
        return Answer.Json(json => json.WriteRawValue("[]"u8));
    }

    /// <summary>Never more than a page in memory, however many the client wants at once.</summary>
    private static async Task WriteAsync(
        HttpContext http, IAsyncEnumerator<IReadOnlyList<EntityRevision>> pages, DateTimeOffset? pointInTime, int skip, int left)
    {
        var array = new JsonArrayStream(http);
        do
        {
            foreach (var entity in pages.Current.Skip(skip).Take(left))
            {
                EntityWriter.WriteEnvelope(array.Json, entity, pointInTime);
                await array.FlushIfFullAsync();
            }
            left -= Math.Min(left, pages.Current.Count - skip);
            skip = 0;
            await array.FlushAsync();
        }
        while (left > 0 && await pages.MoveNextAsync());
        await array.CompleteAsync();
    }
}
