using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi.Workflows;

/// <summary>What happened to an entity, under /api/audit: its changes and each step that its workflow took.</summary>
internal sealed class AuditEndpoints(EntityEngine engine)
{
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi("GET", "/api/audit/entity/{entityId}", "entities.read", new Operation
        {
            Id = "getEntityAudit",
            Summary = "What happened to an entity, newest first, workflow steps included.",
            Tag = "audit",
            Parameters = [Parameter.Query("limit", "Changes at most.", Schemas.Integer(1, PageLimits.Max)), Parameter.Query("cursor", "The nextCursor of the page before.", Schemas.Text())],
            Answer = Content.Json(Schemas.Object()),
        }, AuditAsync);

    private async Task<Result<Answer>> AuditAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!EntityCall.Id(call).TryGet(out var id, out error)) return error;
        if (!call.QueryInt("limit", PageLimits.Default, 1, PageLimits.Max).TryGet(out var limit, out error)) return error;
        if (!Cursor(call).TryGet(out var before, out error)) return error;
        var history = await engine.Log.HistoryAsync(caller.Tenant, id, before, limit, call.Aborted);
        var isMissing = history.Count == 0 ? before is null : EntityCall.IsPlatforms(history[0].Model);
        return isMissing ? EntityApiErrors.EntityNotFound(id.ToString()) : Answer.Json(json => Write(json, history, history.Count == limit));
    }

    private static Result<Revision?> Cursor(ApiCall call)
    {
        if (!call.Query("cursor").TryGet(out var cursor, out var error)) return error;
        if (cursor is null) return (Revision?)null;
        return long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) && revision >= 1
            ? new Revision(revision)
            : ApiErrors.Query("cursor", "is not one that this list gave out.");
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<EntityRevision> history, bool hasNext)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var revision in history) AuditWriter.Write(json, revision);
        json.WriteEndArray();
        json.WriteStartObject("pagination");
        json.WriteBoolean("hasNext", hasNext);
        if (hasNext) json.WriteString("nextCursor", history[^1].Revision.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
