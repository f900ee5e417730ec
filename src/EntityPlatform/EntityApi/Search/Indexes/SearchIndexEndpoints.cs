using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Search.Indexes;

/// <summary>Which paths of a model have an index, how far each is built, and whether a condition would use one.</summary>
internal sealed class SearchIndexEndpoints(ISearchIndexes indexes, SearchIndexBuilder builder, ModelCatalog catalog, PastReads past)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Model = "/api/model/{entityName}/{modelVersion}";
        routes.MapApi("GET", Model + "/indexes", "models.read",
            Describe("listIndexes", "The declared indexes of a model, and how far each is built."), ListAsync);
        routes.MapApi("PUT", Model + "/indexes", "models.write",
            Describe("setIndexes", "Declare which paths of a model have an index: these and no others.") with
        {
            Body = Content.Json(Body()),
            Repeatable = "It replaces all paths, so repeating it changes nothing.",
        }, DeclareAsync);
        routes.MapApi("POST", Model + "/explain", "models.read",
            Describe("explainCondition", "How a search by this condition would be answered, and by which index.") with
        {
            Parameters = SearchRequest.Parameters,
            Body = SearchRequest.Body,
            Repeatable = "It only reads.",
        }, ExplainAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "search", Answer = AnswerSchemas.Of(id) };

    private static JsonObject Body() => Schemas.Closed([("paths", Schemas.List(Schemas.Text()))], "paths");

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        return await AnswerAsync(target.Caller, target.Model, call.Aborted);
    }

    private async Task<Result<Answer>> DeclareAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out var model, out error))
            return error;
        if (!(await call.ReadObjectAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error)) return error;
        using var json = body;
        if (!ReadPaths(json.RootElement, new ModelFields(model)).TryGet(out var paths, out error)) return error;
        if (!await indexes.DeclareAsync(target.Caller.Tenant, target.Model, model.Id, paths, call.Aborted))
            return SearchErrors.TooManyIndexes();
        builder.Wake();
        return await AnswerAsync(target.Caller, target.Model, call.Aborted);
    }

    private async Task<Result<Answer>> ExplainAsync(ApiCall call)
    {
        if (!(await SearchRequest.ReadAsync(call, catalog, past)).TryGet(out var request, out var error)) return error;
        var plan = await indexes.ExplainAsync(request.Search, call.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("usesIndex", plan.Used.Count > 0);
            json.WriteStartArray("indexes");
            foreach (var path in plan.Used) json.WriteStringValue(path.Text);
            json.WriteEndArray();
            json.WritePropertyName("plan");
            json.WriteRawValue(plan.Plan.Utf8.Span);
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> AnswerAsync(Caller caller, ModelKey model, CancellationToken cancellationToken)
    {
        var declared = await indexes.ListAsync(caller.Tenant, model, cancellationToken);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("indexes");
            foreach (var index in declared) Write(json, index);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, SearchIndex index)
    {
        json.WriteStartObject();
        json.WriteString("path", index.Path.Text);
        json.WriteString("state", index.State.ToString().ToUpperInvariant());
        if (index.Progress is { } progress) json.WriteNumber("progress", Math.Round(progress, 3));
        if (index.Message is not null) json.WriteString("message", index.Message);
        json.WriteEndObject();
    }

    private static Result<IReadOnlyList<JsonPath>> ReadPaths(JsonElement body, ModelFields fields)
    {
        if (!body.TryGetProperty("paths", out var sent) || sent.ValueKind != JsonValueKind.Array || body.EnumerateObject().Count() != 1)
            return ApiErrors.Body("{\"paths\": […]} with the paths to index");
        var paths = new List<JsonPath>();
        foreach (var item in sent.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !JsonPath.TryParse(item.GetString()!, out var path))
                return SearchErrors.BadIndexPath(item.ToString());
            if (path.Steps.Count == 0 || path.Steps.Any(step => step.Name is null)) return SearchErrors.BadIndexPath(path.Text);
            if (fields.At(path) is not { } families) return SearchErrors.UnknownPath(path, fields.Nearest(path.ToString()));
            if (families.Count == 0) return SearchErrors.NoScalar(path);
            if (!paths.Contains(path)) paths.Add(path);
        }
        return paths.Count <= ISearchIndexes.PerModelMax
            ? paths : ApiErrors.BodyValue("paths", $"a list of at most {ISearchIndexes.PerModelMax} paths");
    }
}
