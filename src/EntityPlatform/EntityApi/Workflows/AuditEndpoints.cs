using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Workflows;

/// <summary>What happened to an entity, under /api/audit: its changes and each step that its workflow took.</summary>
internal sealed class AuditEndpoints(EntityEngine engine)
{
    private readonly AuditTrail trail = new(engine.Log);

    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/audit/entity/{entityId}";
        routes.MapApi("GET", One, "entities.read",
            Describe("getEntityAudit", "What happened to an entity, newest first, workflow steps included.") with
        {
            Parameters = AuditQuery.Parameters,
        }, FindAsync);
        routes.MapApi(
            "GET", One + "/workflow/{transactionId}/finished", "entities.read",
            Describe("getWorkflowFinished", "How the workflow's run in one transaction ended."), FinishedAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "audit", Answer = AnswerSchemas.Of(id) };

    private async Task<Result<Answer>> FindAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!EntityCall.Id(call).TryGet(out var id, out error)) return error;
        if (!AuditQuery.Read(call, caller.Tenant, id).TryGet(out var query, out error)) return error;
        if (query.After is { } after && after.Revision > await engine.Log.HeadAsync(caller.Tenant, call.Aborted))
            return ResourceErrors.BadCursor;
        var page = await trail.FindAsync(caller.Tenant, id, query, call.Aborted);
        return page is null ? EntityApiErrors.EntityNotFound(id.ToString())
            : Answer.Json(json => AuditWriter.Write(json, page, AuditPosition.ListingOf(caller.Tenant, id)));
    }

    private async Task<Result<Answer>> FinishedAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!EntityCall.Id(call).TryGet(out var id, out error)) return error;
        if (!Guid.TryParseExact(call.Route("transactionId"), "D", out var transaction))
            return ApiErrors.PathValue("transactionId", "a UUID");
        var revision = await trail.FindAsync(caller.Tenant, id, new CommitId(transaction), call.Aborted);
        var finish = revision is null ? null : AuditItem.Of(revision)
            .FirstOrDefault(item => item.Step?.Type == AuditEventTypes.StateMachineFinish);
        return finish is null ? EntityApiErrors.NotFinished(id, transaction) : Answer.Json(json => AuditWriter.Write(json, finish));
    }
}
