using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>The model that a request names, and the caller.</summary>
internal sealed record ModelTarget(Caller Caller, ModelKey Model)
{
    public static Result<ModelTarget> Of(ApiCall call) => Of(call, EntityCall.CallerOf(call));

    /// <summary>As <see cref="Of"/>, for what can happen in a transaction that is joined.</summary>
    public static Result<ModelTarget> JoiningOf(ApiCall call) => Of(call, EntityCall.JoinerOf(call));

    /// <summary>The model must exist: listing an undefined model is a mistake, not an empty list.</summary>
    public static async ValueTask<Result<ModelTarget>> KnownAsync(ApiCall call, ModelCatalog catalog)
    {
        if (!Of(call).TryGet(out var target, out var error)) return error;
        return (await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out _, out error) ? target : error;
    }

    private static Result<ModelTarget> Of(ApiCall call, Result<Caller> asking)
    {
        if (!asking.TryGet(out var caller, out var error)) return error;
        return EntityCall.Model(call).TryGet(out var model, out error) ? new ModelTarget(caller, model) : error;
    }
}
