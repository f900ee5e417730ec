using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Entities;

/// <summary>The entity that a request names, and the caller.</summary>
internal sealed record EntityTarget(Caller Caller, EntityId Id)
{
    public static Result<EntityTarget> Of(ApiCall call)
    {
        if (!EntityCall.JoinerOf(call).TryGet(out var caller, out var error)) return error;
        return EntityCall.Id(call).TryGet(out var id, out error) ? new EntityTarget(caller, id) : error;
    }

    /// <summary>
    /// As <see cref="Of"/>, by query parameters as older clients send them: entityId, and entityClass, which is redundant.
    /// </summary>
    public static Result<EntityTarget> OfQuery(ApiCall call)
    {
        if (!EntityCall.JoinerOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.Query("entityClass").TryGet(out _, out error)) return error;
        if (!call.Query("entityId").TryGet(out var text, out error)) return error;
        return Guid.TryParseExact(text, "D", out var id)
            ? new EntityTarget(caller, new EntityId(id)) : ApiErrors.QueryValue("entityId", "a UUID");
    }

    public async ValueTask<Result<EntityRevision>> FindAsync(
        EntityEngine engine, PastReads past, AsOf asOf, CancellationToken cancellationToken)
    {
        if ((await engine.ReadAsync(Caller, Id, asOf, cancellationToken)).TryGet(out var found, out var error))
            return EntityCall.IsPlatforms(found.Model) ? EntityApiErrors.EntityNotFound(Id.ToString()) : found;
        return error.Code != EntityApiErrors.NotFoundCode
            ? error : await past.CheckMissingAsync(Caller, Id, asOf, cancellationToken) ?? EntityApiErrors.EntityNotFound(Id.ToString());
    }
}
