using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Models;

/// <summary>Models under /api/model and their lives.</summary>
internal sealed class ModelEndpoints(ModelCatalog catalog)
{
    private const string Read = "models.read";
    private const string Write = "models.write";
    private const string Json = "application/json";

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/model/{entityName}/{modelVersion}";
        routes.MapApi("GET", "/api/model/", Read, Describe("listModels", "Every model of the organization.") with { Answer = Content.Json(Schemas.List(Schemas.Object())) }, ListAsync);
        routes.MapApi("PUT", One + "/lock", Write, Describe("lockModel", "From here on the model holds entities."), call => ActAsync(call, catalog.LockAsync, "locked"));
        routes.MapApi("PUT", One + "/unlock", Write, Describe("unlockModel", "Open the model for changes; only while it has no entities."), call => ActAsync(call, catalog.UnlockAsync, "unlocked"));
        routes.MapApi("POST", One + "/changeLevel/{changeLevel}", Write, Describe("setChangeLevel", "Set what documents may change about a locked model's structure."), SetChangeLevelAsync);
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
            foreach (var model in models.Value) ModelWriter.WriteInfo(json, model);
            json.WriteEndArray();
        });
    }

    private async Task<Result<Answer>> SetChangeLevelAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        var level = call.Route("changeLevel");
        return ToAction(await catalog.SetChangeLevelAsync(target.Caller, target.Model, level, call.Aborted), $"has the change level {level}");
    }

    private async Task<Result<Answer>> SetUniqueKeysAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, Json)).TryGet(out var body, out error)) return error;
        return ToAction(await catalog.SetUniqueKeysAsync(target.Caller, target.Model, body, call.Aborted), "has its unique keys");
    }

    private async Task<Result<Answer>> DeleteAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        var deleted = await catalog.DeleteAsync(target.Caller, target.Model, call.Aborted);
        return deleted.IsOk
            ? Answer.Json(json => ModelWriter.WriteAction(json, StoredModel.IdOf(target.Model), target.Model, true, $"The model {target.Model} is deleted."))
            : deleted.Error;
    }

    private static async Task<Result<Answer>> ActAsync(ApiCall call, Func<Caller, ModelKey, CancellationToken, ValueTask<Result<ModelInfo>>> act, string became)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        return ToAction(await act(target.Caller, target.Model, call.Aborted), "is " + became);
    }

    private static Result<Answer> ToAction(Result<ModelInfo> result, string became) => result.TryGet(out var model, out var error)
        ? Answer.Json(json => ModelWriter.WriteAction(json, model.Id, model.Key, true, $"The model {model.Key} {became}."))
        : error;
}
