using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>Search whose answer comes at once: the entities of a model that meet a condition, one per line.</summary>
internal sealed class SearchEndpoints(IEntityLog log, ModelCatalog catalog)
{
    private const int ResultsMax = 10_000;
    private const int ResultsDefault = 1_000;

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/search/direct/{entityName}/{modelVersion}", "entities.read",
        new Operation
        {
            Id = "searchEntities",
            Summary = "The entities of a model that meet a condition, one per line.",
            Tag = "search",
            Parameters =
            [
                Parameter.Query("limit", "Past it the search is refused.", Schemas.Integer(1, ResultsMax)),
                Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time()),
            ],
            Body = Content.Json(Schemas.Object()),
            Answer = new Content(["application/x-ndjson"], Schemas.Object()),
        },
        SearchAsync);

    private async Task<Result<Answer>> SearchAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!call.QueryInt("limit", ResultsDefault, 1, ResultsMax).TryGet(out var limit, out error)) return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, "application/json")).TryGet(out var body, out error)) return error;
        if (!ConditionJson.Parse(body).TryGet(out var condition, out error)) return error;
        var scan = new Scan { Tenant = target.Caller.Tenant, Model = target.Model, Where = condition, AsOf = asOf };
        var found = await log.TakeAsync(scan, 0, limit + 1, call.Aborted);
        return found.Count > limit ? EntityApiErrors.ResultLimit(limit) : Answer.Stream(http => WriteLinesAsync(http, found, asOf.Time));
    }

    private static async Task WriteLinesAsync(HttpContext http, List<EntityRevision> found, DateTimeOffset? pointInTime)
    {
        http.Response.ContentType = "application/x-ndjson";
        var body = http.Response.BodyWriter;
        for (var i = 0; i < found.Count; i++)
        {
            using (var json = new Utf8JsonWriter(body, Answer.WriterOptions)) EntityWriter.WriteEnvelope(json, found[i], pointInTime);
            body.Write("\n"u8);
            if (i % PageLimits.Default == 0) await body.FlushAsync(http.RequestAborted);
        }
        await body.FlushAsync(http.RequestAborted);
    }
}
