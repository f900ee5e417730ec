using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Search;

/// <summary>
/// Search whose answer comes at once: the entities of a model that meet a condition, one per line. With <c>limit</c>, the contract's
/// parameter and the default, all of them or an error, never a part: what meets it is counted before the first line is sent. With
/// <c>first</c> a page of them, and <c>after</c> the next one.
/// </summary>
internal sealed class SearchEndpoints(
    IEntitySearch search, IEntityLog log, ModelCatalog catalog, PastReads past, SearchShares shares, AnswerMemory memory,
    SearchOptions options)
{
    private const string LimitName = "limit";
    private const string FirstName = "first";

    private const int ResultsMax = SearchQuery.LimitMax - 1;
    private const int ResultsDefault = 1_000;
    private const int FlushBytes = 64 << 10;

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/search/direct/{entityName}/{modelVersion}", "entities.read",
        new Operation
        {
            Id = "searchEntities",
            Summary = "The entities of a model that meet a condition, one per line.",
            Repeatable = "It only reads.",
            Tag = "search",
            Parameters =
            [
                .. SearchRequest.Parameters,
                Parameter.Query(LimitName, "If more entities match, the search is refused.", Schemas.Integer(1, ResultsMax)),
                Parameter.Query(
                    FirstName, "Maximum number of results, instead of limit: the first ones of the order.", Schemas.Integer(1, ResultsMax)),
                Parameter.Query(SearchPosition.Name,
                    "With first: start behind this entity, the last one of the previous page, as ID.TRANSACTIONID of its meta.",
                    Schemas.Text()),
                Parameter.Query("timeoutMillis", "After it the search ends with SEARCH_TIMEOUT.", Schemas.Integer(1, int.MaxValue)),
                Parameter.Query("trackingRead", "Accepted for compatibility: it matters only inside a transaction.", Schemas.Flag()),
            ],
            Body = SearchRequest.Body,
            Answer = AnswerSchemas.Of("searchEntities", "application/x-ndjson"),
        },
        SearchAsync);

    private async Task<Result<Answer>> SearchAsync(ApiCall call)
    {
        if (RefusePaging(call) is { } refused) return refused;
        var isPaged = call.Http.Request.Query.ContainsKey(FirstName);
        if (!call.QueryInt(isPaged ? FirstName : LimitName, ResultsDefault, 1, ResultsMax).TryGet(out var limit, out var error))
            return error;
        if (!call.QueryInt("timeoutMillis", int.MaxValue, 1, int.MaxValue).TryGet(out var timeout, out error)) return error;
        if (!call.QueryFlag("trackingRead").TryGet(out _, out error)) return error;
        if (!(await SearchRequest.ReadAsync(call, catalog, past)).TryGet(out var request, out error)) return error;
        var target = request.Search;
        if (!(await SearchPosition.ReadAsync(call, log, target.Tenant, target.Model)).TryGet(out var after, out error)) return error;
        var within = TimeSpan.FromMilliseconds(Math.Min(timeout, options.Timeout.TotalMilliseconds));
        var asked = target with { Limit = isPaged ? limit : limit + 1, StopsAtLimit = !isPaged, After = after, Timeout = within };
        if (!(await shares.EnterAsync(target.Tenant, call.Aborted)).TryGet(out var place, out error)) return error;
        IReadOnlyList<FoundEntity> found;
        using (place) found = await search.FindAsync(asked, call.Aborted);
        if (found.Count > limit) return SearchErrors.ResultLimit(limit);
        return Answer.Stream(http => WriteLinesAsync(http, asked, found));
    }

    private static Error? RefusePaging(ApiCall call)
    {
        var query = call.Http.Request.Query;
        if (!query.ContainsKey(FirstName))
            return query.ContainsKey(SearchPosition.Name)
                ? ApiErrors.Query(SearchPosition.Name, "goes with first only.", $"Add {FirstName}, or leave out {SearchPosition.Name}.")
                : null;
        return query.ContainsKey(LimitName)
            ? ApiErrors.Query(LimitName, "does not go with first.", $"Leave out {LimitName} or {FirstName}.") : null;
    }

    private async Task WriteLinesAsync(HttpContext http, SearchQuery asked, IReadOnlyList<FoundEntity> found)
    {
        http.Response.ContentType = "application/x-ndjson";
        var body = http.Response.BodyWriter;
        await foreach (
            var page in memory.BoundAsync(asked.Tenant, search.PagesAsync(asked.Tenant, found, http.RequestAborted), http.RequestAborted))
        {
            foreach (var entity in page)
            {
                using (var json = new Utf8JsonWriter(body, Answer.WriterOptions)) EntityWriter.WriteEnvelope(json, entity, asked.AsOf.Time);
                body.Write("\n"u8);
                if (body.UnflushedBytes >= FlushBytes) await body.FlushAsync(http.RequestAborted);
            }
            await body.FlushAsync(http.RequestAborted);
        }
    }
}
