using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Search;

/// <summary>What every request with a condition has in common: the model, the condition fitted to it, the order and the time.</summary>
internal sealed record SearchRequest(Caller Caller, ModelInfo Model, JsonText Condition, SearchQuery Search)
{
    public static readonly Content Body = Content.Json(Schemas.Object());

    public static IReadOnlyList<Parameter> Parameters =>
    [
        Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time()),
        Parameter.Query(SortParameter.Name, "A key to sort by, [@]path[:asc|desc]; may be repeated.", Schemas.Text()),
    ];

    public static async ValueTask<Result<SearchRequest>> ReadAsync(ApiCall call, ModelCatalog catalog, PastReads past)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out var model, out error))
            return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if (await past.CheckAsync(target.Caller, model, asOf, call.Aborted) is { } dropped) return dropped;
        var fields = new ModelFields(model);
        if (!SortParameter.Read(call, fields).TryGet(out var sort, out error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error)) return error;
        if (!ConditionTyping.Read(body, model).TryGet(out var condition, out error)) return error;
        var search = new SearchQuery { Tenant = target.Caller.Tenant, Model = target.Model, Where = condition, AsOf = asOf, Sort = sort };
        return new SearchRequest(target.Caller, model, body, search);
    }
}
