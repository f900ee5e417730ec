using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Models;

/// <summary>Models under /api/model and their lives.</summary>
internal sealed class ModelEndpoints(ModelCatalog catalog, ModelWrite writes, IEntityLog log)
{
    private const string Write = "models.write";
    private const int ProjectBytesMax = 1024;

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/model/{entityName}/{modelVersion}";
        var list = Describe("listModels", "Every model of the organization.");
        var keys = Change("setUniqueKeys", "Set the unique keys of an unlocked model.") with { Body = Content.Json(UniqueKeys()) };
        routes.MapApi("GET", "/api/model/", "models.read", list, ListAsync);
        routes.MapApi("PUT", One + "/lock", Write, Change("lockModel", "Lock a model: from now on it can hold entities."), LockAsync);
        routes.MapApi("PUT", One + "/unlock", Write,
            Change("unlockModel", "Open the model for changes; only while it has no entities."), UnlockAsync);
        routes.MapApi(
            "POST", One + "/changeLevel/{changeLevel}", Write,
            Change("setChangeLevel", "Set what documents may change about a locked model's structure."),
            SetChangeLevelAsync);
        routes.MapApi("PUT", One + "/unique-keys", Write, keys, SetUniqueKeysAsync);
        var project = Change("setModelProject",
            "Move a model with its entities to a project, or back to the organization.") with { Body = Content.Json(ProjectBody()) };
        routes.MapApi("PUT", One + "/project", Write, project, SetProjectAsync);
        routes.MapApi("DELETE", One, Write, Change("deleteModel", "Delete an unlocked model without entities."), DeleteAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "model", Answer = AnswerSchemas.Of(id) };

    private static Operation Change(string id, string summary) => Describe(id, summary) with { Parameters = [Parameter.IdempotencyKey] };

    private static JsonObject UniqueKeys() => Schemas.Members([("uniqueKeys", Schemas.List(Schemas.Object()))], "uniqueKeys");

    private static JsonObject ProjectBody() => Schemas.Members([("project", Schemas.Text())], "project");

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

    private Task<Result<Answer>> SetChangeLevelAsync(ApiCall call)
    {
        var level = call.Route("changeLevel");
        return ActAsync(call, default, (caller, model, stop) => catalog.SetChangeLevelAsync(caller, model, level, stop),
            $"has the change level {level}");
    }

    private async Task<Result<Answer>> SetUniqueKeysAsync(ApiCall call)
    {
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out var error))
            return error;
        return await ActAsync(
            call, body, (caller, model, stop) => catalog.SetUniqueKeysAsync(caller, model, body, stop), "has its unique keys");
    }

    private async Task<Result<Answer>> SetProjectAsync(ApiCall call)
    {
        if (!(await call.ReadJsonAsync(ProjectBytesMax, "application/json")).TryGet(out var body, out var error)) return error;
        if (!(await ReadProjectAsync(call, body)).TryGet(out var project, out error)) return error;
        return await ActAsync(
            call, body, (caller, model, stop) => catalog.SetProjectAsync(caller, model, project, stop), project is null
                ? "belongs to the organization" : $"belongs to the project {project}");
    }

    /// <summary>The project's id; null: the organization itself.</summary>
    private async ValueTask<Result<string?>> ReadProjectAsync(ApiCall call, JsonText body)
    {
        using var json = body.Parse();
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("project", out var named)
            || named.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            return ApiErrors.Body("{\"project\": NAME}, or {\"project\": null} for the organization");
        if (named.GetString() is not { } nameOrId) return (string?)null;
        var found = await new ResourceLookup(log, ProjectKind.Kind).ReadAsync(call.Caller, nameOrId, AsOf.Latest, call.Aborted);
        return found.TryGet(out var project, out var error) ? ProjectKind.Kind.IdOf(project.Id) : error;
    }

    private Task<Result<Answer>> LockAsync(ApiCall call) => ActAsync(call, default, catalog.LockAsync, "is locked");

    private Task<Result<Answer>> UnlockAsync(ApiCall call) => ActAsync(call, default, catalog.UnlockAsync, "is unlocked");

    private Task<Result<Answer>> DeleteAsync(ApiCall call) => ActAsync(call, default, catalog.DeleteAsync, "is deleted");

    private Task<Result<Answer>> ActAsync<T>(
        ApiCall call, JsonText body, Func<Caller, ModelKey, CancellationToken, ValueTask<Result<T>>> act, string became) =>
        writes.RunAsync(
            call, body, async target => (await act(target.Caller, target.Model, call.Aborted)).Error,
            model => Answer.Json(
                json => ModelWriter.WriteAction(json, StoredModel.IdOf(model), model, true, $"The model {model} {became}.")));
}
