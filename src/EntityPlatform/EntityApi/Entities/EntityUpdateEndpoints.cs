using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Entities;

/// <summary>Changes one entity: replaces or merges its data and takes a transition.</summary>
internal sealed class EntityUpdateEndpoints(EntityEngine engine, Idempotency idempotency, TimeProvider time)
{
    private const string One = "/api/entity/{format}/{entityId}";
    private const string Json = "application/json";
    private const string MergePatchJson = "application/merge-patch+json";
    private const string JsonPatchJson = "application/json-patch+json";

    private static readonly Parameter[] OlderClients =
    [
        new("entityId", "query", "The entity's id.", Schemas.Uuid(), Required: true),
        new("transitionName", "query", "The transition to take.", Schemas.Text(), Required: true),
        Parameter.Query("entityClass", "The entity's model or class, as older clients send it.", Schemas.Text()),
        .. EntityOperations.WritingOne,
    ];

    public void Map(IEndpointRouteBuilder routes)
    {
        var entity = new Content([Json, "application/xml"], Schemas.Object());
        var patch = new Content([MergePatchJson], Schemas.Object());
        Map(routes, "PUT", One, "updateEntity", "Replace an entity's data; automatic transitions are tried.", entity, UpdateAsync);
        Map(routes, "PUT", One + "/{transition}", "transitionEntity", "Replace an entity's data and take a transition.",
            entity, UpdateAsync);
        Map(routes, "PATCH", One, "patchEntity", "Merge into an entity's data.", patch, PatchAsync);
        Map(routes, "PATCH", One + "/{transition}", "patchEntityWithTransition", "Merge into an entity's data and take a transition.",
            patch, PatchAsync);
        routes.MapApi("PUT", "/api/platform-api/entity/transition", EntityOperations.Write,
            EntityOperations.Describe("takeTransition",
                "Take a transition and leave the data as it is, by the path of older clients.") with { Parameters = OlderClients },
            TransitionAsync).JoinsTransactions();
    }

    private static void Map(
        IEndpointRouteBuilder routes, string method, string path, string id, string summary, Content body, ApiHandler handler) =>
        routes.MapApi(method, path, EntityOperations.Write, EntityOperations.Describe(id, summary) with
        {
            Parameters = EntityOperations.WritingOne, Body = body,
        }, handler).JoinsTransactions();

    private async Task<Result<Answer>> UpdateAsync(ApiCall call)
    {
        if (!EntityBodies.IsXml(call).TryGet(out _, out var error)) return error;
        if (!EntityTarget.Of(call).TryGet(out var target, out error)) return error;
        if (!(await EntityBodies.ReadOneAsync(call)).TryGet(out var body, out error)) return error;
        return await ChangeAsync(call, target, Transition(call), body, _ => body);
    }

    private async Task<Result<Answer>> PatchAsync(ApiCall call)
    {
        if (!EntityBodies.IsXml(call).TryGet(out var isXml, out var error)) return error;
        if (isXml) return EntityApiErrors.XmlPatch;
        if (!EntityTarget.Of(call).TryGet(out var target, out error)) return error;
        if (call.Http.Request.ContentType?.StartsWith(JsonPatchJson, StringComparison.OrdinalIgnoreCase) == true)
            return EntityApiErrors.JsonPatch;
        if (call.Http.Request.Headers.IfMatch.Count == 0) return EntityApiErrors.IfMatchNeeded;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), MergePatchJson)).TryGet(out var body, out error)) return error;
        if (!EntityBodies.IsObject(body)) return ApiErrors.Body("a JSON object, the merge patch");
        target = target with { Caller = target.Caller with { KeepsModels = true } };
        return await ChangeAsync(call, target, Transition(call), body, current => Merge(current, body));
    }

    private async Task<Result<Answer>> TransitionAsync(ApiCall call)
    {
        if (!EntityTarget.OfQuery(call).TryGet(out var target, out var error)) return error;
        if (!call.Query("transitionName").TryGet(out var transition, out error)) return error;
        if (transition is null) return ApiErrors.Query(
            "transitionName", "is required.", "Set transitionName to a transition of the entity's state.");
        return await ChangeAsync(call, target, transition, default, current => current.Document);
    }

    private async Task<Result<Answer>> ChangeAsync(
        ApiCall call, EntityTarget target, string? transition, JsonText body, DocumentChange apply)
    {
        if (!EntityCall.IfMatch(call).TryGet(out var ifMatch, out var error)) return error;
        if (!WriteSettings.Read(call).TryGet(out var settings, out error)) return error;
        var change = new EntityChange(target.Id, ifMatch, transition, apply);
        return await idempotency.RunAsync(call, target.Caller.Tenant, body.Utf8, async () =>
        {
            var caller = settings.Begin(target.Caller, call.Request, time);
            var changed = await engine.UpdateAsync(caller, null, target.Id, change.Apply, transition, null, call.Aborted);
            return changed.IsOk ? Transaction([changed.Value]) : changed.Error;
        }, Transaction);
    }

    private static Result<JsonText> Merge(EntityRevision current, JsonText patch)
    {
        using var was = current.Document.Parse();
        using var changes = patch.Parse();
        return JsonGuard.Check(MergePatch.Apply(was.RootElement, changes.RootElement).Utf8);
    }

    private static string? Transition(ApiCall call) => call.Route("transition") is { Length: > 0 } name ? name : null;

    private static Answer Transaction(IReadOnlyList<EntityRevision> written) =>
        Answer.Json(json => EntityWriter.WriteTransaction(json, written));
}
