using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>
/// Users' entities under /api/entity, one at a time: wire compatible with the entity API in what is here. The platform's own resources do not exist
/// here.
/// </summary>
internal sealed class EntityEndpoints(EntityEngine engine, Idempotency idempotency)
{
    private const string Read = "entities.read";
    private const string Write = "entities.write";
    private const string Json = "application/json";
    private const string MergePatchJson = "application/merge-patch+json";

    private static readonly Parameter[] Then =
    [
        Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time()), Parameter.Query("transactionId", "As of this transaction.", Schemas.Uuid()),
    ];

    private static readonly Parameter[] Writing =
    [
        Parameter.Header("If-Match", "The transactionId that the entity must still have, or *."),
        Parameter.Header("Idempotency-Key", "One key per request: sent again, it takes effect once and is answered the same."),
        Parameter.Query("transactionTimeoutMillis", "Accepted for compatibility.", Schemas.Integer(1, int.MaxValue)),
        Parameter.Query("waitForConsistencyAfter", "Accepted for compatibility: reads always see what was written.", Schemas.Flag()),
    ];

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/entity/{entityId}";
        const string Changing = "/api/entity/{format}/{entityId}";
        var entity = Content.Json(Schemas.Object());
        var patch = new Content([MergePatchJson], Schemas.Object());
        routes.MapApi("GET", One, Read, Describe("getEntity", "One entity, now or then.") with { Parameters = Then }, GetAsync);
        routes.MapApi("GET", One + "/changes", Read, Describe("getEntityChanges", "Who changed it when, newest first."), ChangesAsync);
        routes.MapApi("GET", One + "/transitions", Read, Describe("getEntityTransitions", "The manual transitions that it offers.") with { Parameters = Then }, TransitionsAsync);
        routes.MapApi("DELETE", One, Write, Describe("deleteEntity", "Delete one entity.") with { Parameters = [Writing[1]] }, DeleteAsync);
        routes.MapApi("PUT", Changing, Write, Describe("updateEntity", "Replace an entity's data; automatic transitions are tried.") with { Parameters = Writing, Body = entity }, UpdateAsync);
        routes.MapApi("PUT", Changing + "/{transition}", Write, Describe("transitionEntity", "Replace an entity's data and take a transition.") with { Parameters = Writing, Body = entity }, UpdateAsync);
        routes.MapApi("PATCH", Changing, Write, Describe("patchEntity", "Merge into an entity's data.") with { Parameters = Writing, Body = patch }, PatchAsync);
        routes.MapApi("PATCH", Changing + "/{transition}", Write, Describe("patchEntityWithTransition", "Merge into an entity's data and take a transition.") with { Parameters = Writing, Body = patch }, PatchAsync);
    }

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "entity", Answer = Content.Json(Schemas.Object()) };

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (!(await EntityCall.AsOfAsync(call, engine.Log, target.Caller.Tenant)).TryGet(out var asOf, out error)) return error;
        if (!(await FindAsync(target, asOf, call.Aborted)).TryGet(out var entity, out error)) return error;
        return Answer.Json(json => EntityWriter.WriteEnvelope(json, entity, asOf.Time));
    }

    private async Task<Result<Answer>> TransitionsAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (!(await EntityCall.AsOfAsync(call, engine.Log, target.Caller.Tenant)).TryGet(out var asOf, out error)) return error;
        if (!(await FindAsync(target, asOf, call.Aborted)).TryGet(out _, out error)) return error;
        var names = await engine.TransitionsAsync(target.Caller, target.Id, asOf, call.Aborted);
        return names.IsOk ? Answer.Json(names.Value) : names.Error;
    }

    private async Task<Result<Answer>> ChangesAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (!(await HistoryAsync(target, null, PageLimits.Max, call.Aborted)).TryGet(out var history, out error)) return error;
        return Answer.Json(json =>
        {
            json.WriteStartArray();
            foreach (var revision in history) EntityWriter.WriteChange(json, revision, revision.CreatedAt == revision.ChangedAt && revision == history[^1]);
            json.WriteEndArray();
        });
    }

    private async Task<Result<Answer>> UpdateAsync(ApiCall call)
    {
        if (!(await ReadChangeAsync(call, Json)).TryGet(out var change, out var error)) return error;
        return await ChangeAsync(call, change, _ => change.Body);
    }

    private async Task<Result<Answer>> PatchAsync(ApiCall call)
    {
        if (call.Http.Request.ContentType?.StartsWith("application/json-patch+json", StringComparison.OrdinalIgnoreCase) == true) return EntityApiErrors.JsonPatch;
        if (call.Http.Request.Headers.IfMatch.Count == 0) return EntityApiErrors.IfMatchNeeded;
        if (!(await ReadChangeAsync(call, MergePatchJson)).TryGet(out var change, out var error)) return error;
        return await ChangeAsync(call, change, current =>
        {
            using var was = current.Document.Parse();
            using var patch = change.Body.Parse();
            return JsonGuard.Check(MergePatch.Apply(was.RootElement, patch.RootElement).Utf8);
        });
    }

    private async Task<Result<Answer>> DeleteAsync(ApiCall call)
    {
        if (!Target(call).TryGet(out var target, out var error)) return error;
        return await idempotency.RunAsync(call, target.Caller.Tenant, default, async () =>
        {
            if (!(await FindAsync(target, AsOf.Latest, call.Aborted)).TryGet(out var entity, out var missing)) return missing;
            var deleted = await engine.DeleteAsync(target.Caller with { Request = call.Request }, entity.Model, target.Id, null, call.Aborted);
            return deleted.IsOk ? Deleted(deleted.Value) : deleted.Error;
        }, written => Deleted(written[0]));
    }

    private async Task<Result<Answer>> ChangeAsync(ApiCall call, EntityChange change, DocumentChange apply)
    {
        var (target, ifMatch, transition) = (change.Target, change.IfMatch, change.Transition);
        return await idempotency.RunAsync(call, target.Caller.Tenant, change.Body.Utf8, async () =>
        {
            var changed = await engine.UpdateAsync(target.Caller with { Request = call.Request }, null, target.Id, Checked, transition, null, call.Aborted);
            return changed.IsOk ? Transaction([changed.Value]) : changed.Error;
        }, Transaction);

        Result<JsonText> Checked(EntityRevision current)
        {
            if (EntityCall.IsPlatforms(current.Model)) return EntityApiErrors.EntityNotFound(target.Id.ToString());
            return ifMatch is { } expected && current.Commit != expected ? EntityApiErrors.Modified(target.Id) : apply(current);
        }
    }

    private static async ValueTask<Result<EntityChange>> ReadChangeAsync(ApiCall call, string mediaType)
    {
        if (EntityCall.CheckFormat(call) is { } format) return format;
        if (!Target(call).TryGet(out var target, out var error)) return error;
        if (!EntityCall.IfMatch(call).TryGet(out var ifMatch, out error)) return error;
        if (Compatible(call) is { } bad) return bad;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax, mediaType)).TryGet(out var body, out error)) return error;
        using var document = body.Parse();
        if (document.RootElement.ValueKind != JsonValueKind.Object) return EntityApiErrors.BadRequest("An entity must be a JSON object.");
        var transition = call.Route("transition");
        return new EntityChange(target, body, ifMatch, transition.Length == 0 ? null : transition);
    }

    /// <summary>Parameters that change nothing here are checked all the same, so that a mistake is not passed over.</summary>
    internal static Error? Compatible(ApiCall call) =>
        call.QueryInt("transactionTimeoutMillis", 10_000, 1, int.MaxValue).Error ?? call.QueryFlag("waitForConsistencyAfter").Error;

    private async ValueTask<Result<EntityRevision>> FindAsync(EntityTarget target, AsOf asOf, CancellationToken cancellationToken)
    {
        var found = await engine.Log.ReadAsync(target.Caller.Tenant, target.Id, asOf, cancellationToken);
        return found is null || EntityCall.IsPlatforms(found.Model) ? EntityApiErrors.EntityNotFound(target.Id.ToString()) : found;
    }

    private async ValueTask<Result<IReadOnlyList<EntityRevision>>> HistoryAsync(EntityTarget target, Revision? before, int limit, CancellationToken cancellationToken)
    {
        var history = await engine.Log.HistoryAsync(target.Caller.Tenant, target.Id, before, limit, cancellationToken);
        if (history.Count == 0 && before is not null) return Array.Empty<EntityRevision>();
        return history.Count == 0 || EntityCall.IsPlatforms(history[0].Model) ? EntityApiErrors.EntityNotFound(target.Id.ToString()) : Result.Of(history);
    }

    private static Result<EntityTarget> Target(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        return EntityCall.Id(call).TryGet(out var id, out error) ? new EntityTarget(caller, id) : error;
    }

    private static Answer Transaction(IReadOnlyList<EntityRevision> written) => Answer.Json(json => EntityWriter.WriteTransaction(json, written));

    private static Answer Deleted(EntityRevision deleted) => Answer.Json(json => EntityWriter.WriteDeleted(json, deleted));

    private sealed record EntityTarget(Caller Caller, EntityId Id);

    private sealed record EntityChange(EntityTarget Target, JsonText Body, CommitId? IfMatch, string? Transition);
}
