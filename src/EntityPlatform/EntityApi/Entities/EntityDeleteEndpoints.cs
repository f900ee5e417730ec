using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;
using Strata.EntityApi.Search;

namespace Strata.EntityApi.Entities;

/// <summary>Deletes one entity, or those of a model.</summary>
internal sealed class EntityDeleteEndpoints(
    EntityEngine engine, ModelCatalog catalog, PastReads past, Idempotency idempotency, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("DELETE", "/api/entity/{entityId}", EntityOperations.Write,
            EntityOperations.Describe("deleteEntity", "Delete one entity.") with { Parameters = [Parameter.IdempotencyKey] },
            DeleteOneAsync).JoinsTransactions();
        routes.MapApi("DELETE", "/api/entity/{entityName}/{modelVersion}", EntityOperations.Write,
            EntityOperations.Describe(
                "deleteEntities", "Delete the entities of a model that meet a condition, or all, in transactions of transactionSize.") with
            {
                Parameters =
                [
                    Parameter.IdempotencyKey,
                    EntityOperations.PointInTime,
                    Parameter.Query("transactionSize", "Entities per transaction.", Schemas.Integer(1, WriteSettings.WindowMax)),
                    Parameter.Query("verbose", "Return the ids.", Schemas.Flag()),
                ],
                Body = Content.Json(Schemas.Object(), required: false),
            },
            DeleteManyAsync).JoinsTransactions();
    }

    private async Task<Result<Answer>> DeleteOneAsync(ApiCall call)
    {
        if (!EntityTarget.Of(call).TryGet(out var target, out var error)) return error;
        return await idempotency.RunAsync(call, target.Caller.Tenant, default, async () =>
        {
            var deleted = await engine.DeleteAsync(target.Caller with { Request = call.Request }, target.Id, Check, call.Aborted);
            return deleted.IsOk ? Deleted(deleted.Value) : deleted.Error;
        }, written => Deleted(written[0]));

        Error? Check(EntityRevision current) => EntityCall.IsPlatforms(current.Model)
            ? EntityApiErrors.EntityNotFound(target.Id.ToString()) : null;
    }

    private async Task<Result<Answer>> DeleteManyAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!ModelTarget.JoiningOf(call).TryGet(out target, out error)) return error;
        if (!call.QueryInt("transactionSize", WriteSettings.WindowMax, 1, WriteSettings.WindowMax).TryGet(out var size, out error))
            return error;
        if (!call.QueryTime("pointInTime").TryGet(out var then, out error)) return error;
        if (!call.QueryFlag("verbose").TryGet(out var verbose, out error)) return error;
        if (!(await call.ReadBodyAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error)) return error;
        Condition? condition = null;
        if (!body.IsEmpty && !ConditionJson.Parse(new JsonText(body)).TryGet(out condition, out error)) return error;
        if (condition is not null && !(await ConditionTyping.FitAsync(catalog, target, condition, call.Aborted))
            .TryGet(out condition, out error)) return error;
        var earlier = Earlier(then);
        if (earlier is { } at && await past.CheckAsync(target.Caller, target.Model, AsOf.At(at), call.Aborted) is { } dropped)
            return dropped;
        var deletion = new ModelDeletion(engine, target, condition, size, earlier);
        if (!idempotency.Begin(call, target.Caller.Tenant).TryGet(out var keyed, out error)) return error;
        keyed?.Append(body.Span);
        return await DeletionAnswer.StartAsync(deletion, keyed, verbose, call.Aborted);
    }

    /// <summary>A future time counts as now: otherwise the set would grow while it is deleted.</summary>
    private DateTimeOffset? Earlier(DateTimeOffset? then) => then > time.GetUtcNow() ? null : then;

    private static Answer Deleted(EntityRevision deleted) => Answer.Json(json => EntityWriter.WriteDeleted(json, deleted));
}
