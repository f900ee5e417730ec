using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>Models and their workflows under /api/model, wire compatible with the entity API in what is here.</summary>
internal sealed class ModelEndpoints(ModelCatalog catalog)
{
    private const string Read = "models.read";
    private const string Write = "models.write";
    private const string Json = "application/json";

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/model/{entityName}/{modelVersion}";
        routes.MapApi("GET", "/api/model/", Read, Describe("listModels", "Every model of the organization.") with { Answer = Content.Json(Schemas.List(Schemas.Object())) }, ListAsync);
        routes.MapApi("GET", "/api/model/export/{converter}/{entityName}/{modelVersion}", Read, Describe("exportModel", "The structure of a model, as SIMPLE_VIEW."), ExportAsync);
        routes.MapApi(
            "POST", "/api/model/import/{dataFormat}/{converter}/{entityName}/{modelVersion}", Write,
            Describe("importModel", "Learn a model's structure from a sample (JSON, SAMPLE_DATA).") with { Body = Content.Json(Schemas.Any()), Answer = Content.Json(Schemas.Uuid()) }, ImportAsync);
        routes.MapApi("PUT", One + "/lock", Write, Describe("lockModel", "From here on the model holds entities."), call => ActAsync(call, catalog.LockAsync, "locked"));
        routes.MapApi("PUT", One + "/unlock", Write, Describe("unlockModel", "Open the model for changes; only while it has no entities."), call => ActAsync(call, catalog.UnlockAsync, "unlocked"));
        routes.MapApi("PUT", One + "/unique-keys", Write, Describe("setUniqueKeys", "Set the unique keys of an unlocked model.") with { Body = Content.Json(UniqueKeys()) }, SetUniqueKeysAsync);
        routes.MapApi("DELETE", One, Write, Describe("deleteModel", "Delete an unlocked model without entities."), DeleteAsync);
    }

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "model", Answer = Content.Json(Schemas.Object()) };

    private static JsonObject UniqueKeys() => Schemas.Members([("uniqueKeys", Schemas.List(Schemas.Object()))], "uniqueKeys");

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        var models = await catalog.ListAsync(caller, call.Aborted);
        if (!models.IsOk) return models.Error;
        return Answer.Json(json =>
        {
            json.WriteStartArray();
            foreach (var model in models.Value) EntityWriter.WriteModelInfo(json, model);
            json.WriteEndArray();
        });
    }

    private async Task<Result<Answer>> ExportAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (call.Route("converter") != "SIMPLE_VIEW") return EntityApiErrors.BadRequest("The converter must be SIMPLE_VIEW.");
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out var model, out error)) return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("currentState", model.State);
            json.WritePropertyName("model");
            json.WriteRawValue(model.SimpleView.Utf8.Span);
            if (model.UniqueKeys.Count > 0) WriteUniqueKeys(json, model);
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> ImportAsync(ApiCall call)
    {
        if (EntityCall.CheckFormat(call, "dataFormat") is { } format) return format;
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (call.Route("converter") != "SAMPLE_DATA") return EntityApiErrors.BadRequest("The converter must be SAMPLE_DATA.");
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, Json)).TryGet(out var sample, out error)) return error;
        if (!(await catalog.ImportAsync(target.Caller, target.Model, sample, call.Aborted)).TryGet(out var model, out error)) return error;
        return Answer.Json(json => json.WriteStringValue(model.Id.Value));
    }

    private async Task<Result<Answer>> SetUniqueKeysAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, Json)).TryGet(out var body, out error)) return error;
        return ToAction(await catalog.SetUniqueKeysAsync(target.Caller, target.Model, body, call.Aborted), "has its unique keys");
    }

    private async Task<Result<Answer>> DeleteAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        var deleted = await catalog.DeleteAsync(target.Caller, target.Model, call.Aborted);
        return deleted.IsOk
            ? Answer.Json(json => EntityWriter.WriteModelAction(json, StoredModel.IdOf(target.Model), target.Model, $"The model {target.Model} is deleted."))
            : deleted.Error;
    }

    private static async Task<Result<Answer>> ActAsync(ApiCall call, Func<Caller, ModelKey, CancellationToken, ValueTask<Result<ModelInfo>>> act, string became)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        return ToAction(await act(target.Caller, target.Model, call.Aborted), "is " + became);
    }

    private static Result<Answer> ToAction(Result<ModelInfo> result, string became) => result.TryGet(out var model, out var error)
        ? Answer.Json(json => EntityWriter.WriteModelAction(json, model.Id, model.Key, $"The model {model.Key} {became}."))
        : error;

    private static Result<(Caller Caller, ModelKey Model)> Target(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        return EntityCall.Model(call).TryGet(out var model, out error) ? (caller, model) : error;
    }

    private static void WriteUniqueKeys(System.Text.Json.Utf8JsonWriter json, ModelInfo model)
    {
        json.WriteStartArray("uniqueKeys");
        foreach (var key in model.UniqueKeys)
        {
            json.WriteStartObject();
            json.WriteString("id", key.Id);
            json.WriteStartArray("fields");
            foreach (var field in key.Fields) json.WriteStringValue(field.Text);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
