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

namespace Strata.EntityApi.Search.Jobs;

/// <summary>Asynchronous searches: submit, check the progress, fetch the results page by page, cancel.</summary>
internal sealed class SearchJobEndpoints(
    SearchJobRunner runner, ISearchJobs jobs, IEntitySearch search, IEntityLog log, ModelCatalog catalog, PastReads past,
    AnswerMemory memory, TimeProvider time)
{
    private const string Read = "entities.read";
    private const int PageMax = 10_000;
    private const int PageDefault = 1_000;
    private const int FlushBytes = 64 << 10;

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/search/async/{jobId}";
        routes.MapApi("POST", "/api/search/async/{entityName}/{modelVersion}", Read, Describe("submitSearch",
            "Start an asynchronous search; returns the job's id.") with
        {
            Parameters = SearchRequest.Parameters,
            Body = SearchRequest.Body,
            Answer = Content.Json(Schemas.Uuid()),
            Repeatable = "It starts one more job, which only reads and expires.",
        }, SubmitAsync);
        routes.MapApi("GET", One, Read, Describe("getSearchResults", "The results of a search, page by page.") with
        {
            Parameters = PageParameters,
        }, call => ResultsAsync(call, WritePageAsync));
        routes.MapApi("GET", One + "/status", Read, Describe("getSearchStatus", "The progress of a search."), StatusAsync);
        routes.MapApi("PUT", One + "/cancel", Read, Describe("cancelSearch", "End a running search.") with
        {
            Repeatable = "A job ends once; after that the answer is SEARCH_JOB_ALREADY_TERMINAL.",
        }, CancelAsync);
        MapSnapshots(routes);
    }

    /// <summary>The same under the paths and in the shapes of the oldest clients.</summary>
    private void MapSnapshots(IEndpointRouteBuilder routes)
    {
        const string One = "/api/search/snapshot/{jobId}";
        routes.MapApi("POST", "/api/search/snapshot/{entityName}/{modelVersion}", Read,
            Describe("submitSnapshotSearch", "As submitSearch, for the oldest clients.") with
        {
            Parameters = SearchRequest.Parameters,
            Body = SearchRequest.Body,
            Answer = Content.Json(Schemas.Uuid()),
            Repeatable = "It starts one more job, which only reads and expires.",
        }, SubmitAsync);
        routes.MapApi("GET", One, Read, Describe("getSnapshotResults", "As getSearchResults, in HAL.") with { Parameters = PageParameters },
            call => ResultsAsync(call, WriteHalAsync));
        routes.MapApi("GET", One + "/status", Read,
            Describe("getSnapshotStatus", "As getSearchStatus, with the state as snapshotStatus too."), SnapshotStatusAsync);
    }

    private static IReadOnlyList<Parameter> PageParameters =>
        [Parameter.Query("pageSize", "Entities per page.", Schemas.Integer(1, PageMax)),
            Parameter.Query("pageNumber", "From 0.", Schemas.Integer(0, int.MaxValue))];

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "search", Answer = AnswerSchemas.Of(id) };

    private async Task<Result<Answer>> SubmitAsync(ApiCall call)
    {
        if (!(await SearchRequest.ReadAsync(call, catalog, past)).TryGet(out var request, out var error)) return error;
        var asked = request.Search;
        var asOf = asked.AsOf.IsLatest ? AsOf.At(await log.HeadAsync(asked.Tenant, call.Aborted)) : asked.AsOf;
        if (!(await runner.SubmitAsync(request.Caller, asked with { AsOf = asOf }, asked.AsOf.Time, call.Aborted))
            .TryGet(out var job, out error)) return error;
        return Answer.Json(json => json.WriteStringValue(job.Id.Value));
    }

    private async Task<Result<Answer>> StatusAsync(ApiCall call) =>
        (await FindAsync(call)).TryGet(out var job, out var error)
            ? Answer.Json(json => SearchJobWriter.WriteStatus(json, job, time.GetUtcNow())) : error;

    private async Task<Result<Answer>> SnapshotStatusAsync(ApiCall call) =>
        (await FindAsync(call)).TryGet(out var job, out var error)
            ? Answer.Json(json => SearchJobWriter.WriteStatus(json, job, time.GetUtcNow(), asSnapshot: true)) : error;

    private async Task<Result<Answer>> CancelAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var job, out var error)) return error;
        if (await runner.CancelAsync(job, call.Aborted)) return Answer.Json(json => SearchJobWriter.WriteCancelled(json));
        return (await FindAsync(call)).TryGet(out job, out error) ? SearchErrors.AlreadyTerminal(job) : error;
    }

    private async Task<Result<Answer>> ResultsAsync(ApiCall call, Func<Page, Task> write)
    {
        if (!call.QueryInt("pageSize", PageDefault, 1, PageMax).TryGet(out var size, out var error)) return error;
        if (!call.QueryInt("pageNumber", 0, 0, int.MaxValue).TryGet(out var number, out error)) return error;
        if ((long)size * number > int.MaxValue) return EntityApiErrors.PageTooHigh;
        if (!(await FindAsync(call)).TryGet(out var job, out error)) return error;
        if (job.Status != SearchJobStatus.Successful) return SearchErrors.NotSuccessful(job);
        var found = await jobs.ResultsAsync(job.Tenant, job.Id, (long)size * number, size, call.Aborted);
        return Answer.Stream(http => write(new Page(http, job, found, size, number)));
    }

    private async Task WritePageAsync(Page page)
    {
        await using var json = page.Begin();
        await WriteEntitiesAsync(json, page, "content");
        SearchJobWriter.WritePage(json, page.Job, page.Size, page.Number);
        json.WriteEndObject();
    }

    private async Task WriteHalAsync(Page page)
    {
        await using var json = page.Begin();
        json.WriteStartObject("_embedded");
        await WriteEntitiesAsync(json, page, "objectNodes");
        json.WriteEndObject();
        SearchJobWriter.WritePage(json, page.Job, page.Size, page.Number);
        json.WriteEndObject();
    }

    private async Task WriteEntitiesAsync(Utf8JsonWriter json, Page page, string name)
    {
        var aborted = page.Http.RequestAborted;
        json.WriteStartArray(name);
        await foreach (var entities in memory.BoundAsync(page.Job.Tenant, search.PagesAsync(page.Job.Tenant, page.Found, aborted), aborted))
        {
            foreach (var entity in entities)
            {
                EntityWriter.WriteEnvelope(json, entity, page.Job.PointInTime);
                if (json.BytesPending + page.Http.Response.BodyWriter.UnflushedBytes < FlushBytes) continue;
                json.Flush();
                await page.Http.Response.BodyWriter.FlushAsync(aborted);
            }
        }
        json.WriteEndArray();
    }

    /// <summary>One page of results on its way out.</summary>
    private sealed record Page(HttpContext Http, SearchJob Job, IReadOnlyList<FoundEntity> Found, int Size, int Number)
    {
        public Utf8JsonWriter Begin()
        {
            Http.Response.ContentType = "application/json";
            var json = new Utf8JsonWriter(Http.Response.BodyWriter, Answer.WriterOptions);
            json.WriteStartObject();
            return json;
        }
    }

    private async ValueTask<Result<SearchJob>> FindAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!Guid.TryParseExact(call.Route("jobId"), "D", out var id)) return ApiErrors.PathValue("jobId", "a UUID");
        var job = await jobs.FindAsync(caller.Tenant, new SearchJobId(id), time.GetUtcNow(), call.Aborted);
        return job is null ? SearchErrors.JobNotFound(id) : job;
    }
}
