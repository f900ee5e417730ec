using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Entities;

/// <summary>One entity, now or at an earlier time, and its transitions. The platform's own resources do not exist here.</summary>
internal sealed class EntityGetEndpoints(EntityEngine engine, PastReads past, AnswerMemory memory)
{
    private static readonly Parameter[] OlderClients =
    [
        new("entityId", "query", "The entity's id.", Schemas.Uuid(), Required: true),
        new("entityClass", "query", "The entity's model or class, as older clients send it.", Schemas.Text(), Required: true),
    ];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/entity/{entityId}", EntityOperations.Read,
            EntityOperations.Describe("getEntity", "One entity, now or at an earlier time.") with { Parameters = EntityOperations.Then },
            GetAsync).JoinsTransactions();
        routes.MapApi("GET", "/api/entity/{entityId}/transitions", EntityOperations.Read,
            EntityOperations.Describe(
                "getEntityTransitions", "The manual transitions that it offers.") with { Parameters = EntityOperations.Then },
            call => TransitionsAsync(call, EntityTarget.Of(call))).JoinsTransactions();
        routes.MapApi("GET", "/api/platform-api/entity/fetch/transitions", EntityOperations.Read,
            EntityOperations.Describe("fetchTransitions",
                "The manual transitions that an entity offers, by the path of older clients.") with { Parameters = OlderClients },
            call => TransitionsAsync(call, EntityTarget.OfQuery(call))).JoinsTransactions();
    }

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!EntityTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await EntityCall.AsOfAsync(call, engine.Log, target.Caller.Tenant)).TryGet(out var asOf, out error)) return error;
        if (!(await target.FindAsync(engine, past, asOf, call.Aborted)).TryGet(out var entity, out error)) return error;
        if (memory.Hold(call.Http, target.Caller.Tenant, entity) is { } busy) return busy;
        return Answer.Json(json => EntityWriter.WriteEnvelope(json, entity, asOf.Time));
    }

    private async Task<Result<Answer>> TransitionsAsync(ApiCall call, Result<EntityTarget> asked)
    {
        if (!asked.TryGet(out var target, out var error)) return error;
        if (!(await EntityCall.AsOfAsync(call, engine.Log, target.Caller.Tenant)).TryGet(out var asOf, out error)) return error;
        if (!(await target.FindAsync(engine, past, asOf, call.Aborted)).TryGet(out _, out error)) return error;
        var names = await engine.TransitionsAsync(target.Caller, target.Id, asOf, call.Aborted);
        return names.IsOk ? Answer.Json(names.Value) : names.Error;
    }
}
