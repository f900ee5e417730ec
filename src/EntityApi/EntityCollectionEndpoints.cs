using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Search;

namespace Strata.EntityApi;

/// <summary>Users' entities, many at a time: create, list and delete by model.</summary>
internal sealed class EntityCollectionEndpoints(EntityEngine engine, ModelCatalog catalog, Idempotency idempotency, TimeProvider time)
{
    private const string Read = "entities.read";
    private const string Write = "entities.write";
    private const string Json = "application/json";
    private const int ResultsMax = 10_000;
    private const int WindowMax = 1_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Model = "/api/entity/{entityName}/{modelVersion}";
        var pointInTime = Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time());
        routes.MapApi("POST", "/api/entity/{format}/{entityName}/{modelVersion}", Write, Describe("createEntity", "Create an entity, or several from an array, in transactions of transactionWindow.") with
        {
            Parameters =
            [
                Parameter.Query("transactionWindow", "Entities per transaction.", Schemas.Integer(1, WindowMax)),
                Parameter.Query("transactionTimeoutMillis", "Accepted for compatibility.", Schemas.Integer(1, int.MaxValue)),
                Parameter.Query("waitForConsistencyAfter", "Accepted for compatibility: reads always see what was written.", Schemas.Flag()),
                Parameter.Header("Idempotency-Key", "One key per request: sent again, it takes effect once and is answered the same."),
            ],
            Body = Content.Json(Schemas.Any()),
        }, CreateAsync);
        routes.MapApi("GET", Model, Read, Describe("listEntities", "The entities of a model, page by page.") with
        {
            Parameters = [Parameter.Query("pageSize", "Entities per page.", Schemas.Integer(1, ResultsMax)), Parameter.Query("pageNumber", "From 0.", Schemas.Integer(0, int.MaxValue)), pointInTime],
        }, ListAsync);
        routes.MapApi("DELETE", Model, Write, Describe("deleteEntities", "Delete the entities of a model that meet a condition, or all.") with
        {
            Parameters = [Parameter.Query("transactionSize", "Entities per transaction.", Schemas.Integer(1, WindowMax)), Parameter.Query("verbose", "Tell the ids.", Schemas.Flag())],
            Body = Content.Json(Schemas.Object(), required: false),
        }, DeleteAsync);
    }

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "entity", Answer = Content.Json(Schemas.Any()) };

    private async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (EntityCall.CheckFormat(call) is { } format) return format;
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!call.QueryInt("transactionWindow", 100, 1, WindowMax).TryGet(out var window, out error)) return error;
        if (EntityEndpoints.Compatible(call) is { } bad) return bad;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, Json)).TryGet(out var body, out error)) return error;
        if (!ReadDocuments(body).TryGet(out var documents, out error)) return error;
        var chunks = documents.Chunk(window).ToArray();
        if (chunks.Length > 1)
            return call.Http.Request.Headers.ContainsKey(Idempotency.Header) ? EntityApiErrors.KeyForOneTransaction : await CreateChunksAsync(call, target, chunks);
        return await idempotency.RunAsync(call, target.Caller.Tenant, body.Utf8, async () =>
        {
            var created = await CreateChunkAsync(target with { Caller = target.Caller with { Request = call.Request } }, documents, call.Aborted);
            return created.IsOk ? Transactions([created]) : created.Error;
        }, written => Transactions([Result.Of(written)]));
    }

    /// <summary>The first chunk's failure is the request's; a later one's stands in the list where its transaction would.</summary>
    private async Task<Result<Answer>> CreateChunksAsync(ApiCall call, ModelTarget target, JsonText[][] chunks)
    {
        var results = new List<Result<IReadOnlyList<EntityRevision>>>();
        foreach (var chunk in chunks)
        {
            results.Add(await CreateChunkAsync(target, chunk, call.Aborted));
            if (!results[^1].IsOk) break;
        }
        return results[0].IsOk ? Transactions(results) : results[0].Error!;
    }

    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> CreateChunkAsync(ModelTarget target, JsonText[] documents, CancellationToken cancellationToken)
    {
        if (documents.Length == 1)
        {
            var created = await engine.CreateAsync(target.Caller, target.Model, EntityId.New(time), documents[0], null, cancellationToken);
            return created.IsOk ? new EntityRevision[] { created.Value } : created.Error;
        }
        var transaction = await engine.BeginAsync(target.Caller, cancellationToken);
        foreach (var document in documents)
        {
            var created = await transaction.CreateAsync(target.Model, EntityId.New(time), document, null, cancellationToken);
            if (!created.IsOk) return created.Error;
        }
        return await transaction.CommitAsync(cancellationToken);
    }

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!call.QueryInt("pageSize", 20, 1, ResultsMax).TryGet(out var size, out error)) return error;
        if (!call.QueryInt("pageNumber", 0, 0, int.MaxValue).TryGet(out var number, out error)) return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if ((long)size * number > int.MaxValue) return ApiErrors.Query("pageNumber", "is too high for that pageSize.");
        var entities = await engine.Log.TakeAsync(Scan(target, null, asOf), size * number, size, call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartArray();
            foreach (var entity in entities) EntityWriter.WriteEnvelope(json, entity, asOf.Time);
            json.WriteEndArray();
        });
    }

    private async Task<Result<Answer>> DeleteAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!call.QueryInt("transactionSize", WindowMax, 1, WindowMax).TryGet(out var size, out error)) return error;
        if (!call.QueryFlag("verbose").TryGet(out var verbose, out error)) return error;
        if (!(await call.ReadBodyAsync(EntityCall.BodyBytesMax, Json)).TryGet(out var body, out error)) return error;
        Condition? condition = null;
        if (!body.IsEmpty && !ConditionJson.Parse(new JsonText(body)).TryGet(out condition, out error)) return error;
        var deleted = new List<EntityId>();
        while (await engine.Log.TakeAsync(Scan(target, condition, AsOf.Latest), 0, size, call.Aborted) is { Count: > 0 } page)
        {
            if (await DeleteAsync(target.Caller, page, call.Aborted) is { } failed) return failed;
            deleted.AddRange(page.Select(e => e.Id));
        }
        return Answer.Json(json => WriteDeleted(json, StoredModel.IdOf(target.Model), deleted, verbose));
    }

    private async ValueTask<Error?> DeleteAsync(Caller caller, IReadOnlyList<EntityRevision> entities, CancellationToken cancellationToken)
    {
        var transaction = await engine.BeginAsync(caller, cancellationToken);
        foreach (var entity in entities)
        {
            var deleted = await transaction.DeleteAsync(entity.Model, entity.Id, null, cancellationToken);
            if (deleted.Error is { } error && error.Kind != ErrorKind.NotFound) return error;
        }
        return (await transaction.CommitAsync(cancellationToken)).Error;
    }

    private static Scan Scan(ModelTarget target, Condition? where, AsOf asOf) =>
        new() { Tenant = target.Caller.Tenant, Model = target.Model, Where = where, AsOf = asOf };

    private static Result<JsonText[]> ReadDocuments(JsonText body)
    {
        using var json = body.Parse();
        var root = json.RootElement;
        if (root.ValueKind == JsonValueKind.Object) return new[] { body };
        if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() == 0) return EntityApiErrors.BadRequest("The body must be an entity or a list of them.");
        if (root.GetArrayLength() > ResultsMax) return EntityApiErrors.BadRequest($"At most {ResultsMax} entities fit in one request.");
        return root.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object)
            ? EntityApiErrors.BadRequest("An entity must be a JSON object.")
            : root.EnumerateArray().Select(JsonText.From).ToArray();
    }

    private static Answer Transactions(IReadOnlyList<Result<IReadOnlyList<EntityRevision>>> results) => Answer.Json(json =>
    {
        json.WriteStartArray();
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].TryGet(out var written, out var error)) EntityWriter.WriteTransaction(json, written);
            else WriteChunkError(json, error, i);
        }
        json.WriteEndArray();
    });

    private static void WriteChunkError(Utf8JsonWriter json, Error error, int chunk)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("code", error.Code);
        json.WriteString("message", error.Message);
        json.WriteNumber("chunkIndex", chunk);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The spelling of the counts is the contract's.</summary>
    private static void WriteDeleted(Utf8JsonWriter json, EntityId model, List<EntityId> deleted, bool verbose)
    {
        json.WriteStartObject();
        json.WriteString("entityModelClassId", model.Value);
        json.WriteStartArray("ids");
        foreach (var id in verbose ? deleted : []) json.WriteStringValue(id.Value);
        json.WriteEndArray();
        json.WriteStartObject("deleteResult");
        json.WriteNumber("numberOfEntitites", deleted.Count);
        json.WriteNumber("numberOfEntititesRemoved", deleted.Count);
        json.WriteStartObject("idToError");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
