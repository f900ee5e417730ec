using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Search.Jobs;

/// <summary>Searches that run on their own: ask, look how far it is, fetch the results page by page, cancel.</summary>
internal sealed class SearchJobEndpoints(SearchJobRunner runner, ISearchJobs jobs, IEntitySearch search, IEntityLog log, ModelCatalog catalog, PastReads past, TimeProvider time)
{
    private const string Read = "entities.read";
    private const int PageMax = 10_000;
    private const int PageDefault = 1_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/search/async/{jobId}";
        routes.MapApi("POST", "/api/search/async/{entityName}/{modelVersion}", Read, Describe("submitSearch", "Search without waiting; the answer is the job's id.") with
        {
            Parameters = SearchRequest.Parameters,
            Body = SearchRequest.Body,
            Answer = Content.Json(Schemas.Uuid()),
        }, SubmitAsync);
        routes.MapApi("GET", One, Read, Describe("getSearchResults", "What a search has found, page by page.") with
        {
            Parameters = [Parameter.Query("pageSize", "Entities per page.", Schemas.Integer(1, PageMax)), Parameter.Query("pageNumber", "From 0.", Schemas.Integer(0, int.MaxValue))],
        }, ResultsAsync);
        routes.MapApi("GET", One + "/status", Read, Describe("getSearchStatus", "How far a search is."), StatusAsync);
        routes.MapApi("PUT", One + "/cancel", Read, Describe("cancelSearch", "End a running search."), CancelAsync);
    }

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "search", Answer = Content.Json(Schemas.Object()) };

    private async Task<Result<Answer>> SubmitAsync(ApiCall call)
    {
        if (!(await SearchRequest.ReadAsync(call, catalog, past)).TryGet(out var request, out var error)) return error;
        var asked = request.Search;
        var asOf = asked.AsOf.IsLatest ? AsOf.At(await log.HeadAsync(asked.Tenant, call.Aborted)) : asked.AsOf;
        if (!(await runner.SubmitAsync(request.Caller, asked with { AsOf = asOf }, asked.AsOf.Time, call.Aborted)).TryGet(out var job, out error)) return error;
        return Answer.Json(json => json.WriteStringValue(job.Id.Value));
    }

    private async Task<Result<Answer>> StatusAsync(ApiCall call) =>
        (await FindAsync(call)).TryGet(out var job, out var error) ? Answer.Json(json => SearchJobWriter.WriteStatus(json, job, time.GetUtcNow())) : error;

    private async Task<Result<Answer>> CancelAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var job, out var error)) return error;
        if (await runner.CancelAsync(job, call.Aborted)) return Answer.Json(json => SearchJobWriter.WriteCancelled(json));
        return (await FindAsync(call)).TryGet(out job, out error) ? SearchErrors.AlreadyTerminal(job) : error;
    }

    private async Task<Result<Answer>> ResultsAsync(ApiCall call)
    {
        if (!call.QueryInt("pageSize", PageDefault, 1, PageMax).TryGet(out var size, out var error)) return error;
        if (!call.QueryInt("pageNumber", 0, 0, int.MaxValue).TryGet(out var number, out error)) return error;
        if ((long)size * number > int.MaxValue) return EntityApiErrors.BadRequest("pageNumber is too high for that pageSize.");
        if (!(await FindAsync(call)).TryGet(out var job, out error)) return error;
        if (job.Status != SearchJobStatus.Successful) return SearchErrors.NotSuccessful(job);
        var found = await jobs.ResultsAsync(job.Tenant, job.Id, (long)size * number, size, call.Aborted);
        return Answer.Stream(http => WritePageAsync(http, job, found, size, number));
    }

    private async Task WritePageAsync(HttpContext http, SearchJob job, IReadOnlyList<FoundEntity> found, int size, int number)
    {
        http.Response.ContentType = "application/json";
        var json = new Utf8JsonWriter(http.Response.BodyWriter, Answer.WriterOptions);
        await using var _ = json;
        json.WriteStartObject();
        json.WriteStartArray("content");
        await foreach (var page in search.PagesAsync(job.Tenant, found, http.RequestAborted))
        {
            foreach (var entity in page) EntityWriter.WriteEnvelope(json, entity, job.PointInTime);
            json.Flush();
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        json.WriteEndArray();
        SearchJobWriter.WritePage(json, job, size, number);
        json.WriteEndObject();
    }

    private async ValueTask<Result<SearchJob>> FindAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!Guid.TryParseExact(call.Route("jobId"), "D", out var id)) return EntityApiErrors.BadRequest("The job's id must be a UUID.");
        var job = await jobs.FindAsync(caller.Tenant, new SearchJobId(id), time.GetUtcNow(), call.Aborted);
        return job is null ? SearchErrors.JobNotFound(id) : job;
    }
}
