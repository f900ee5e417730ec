using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;
using Strata.EntityApi.Search;

namespace Strata.EntityApi.Stats;

/// <summary>Counts the entities of a model by values and adds up fields for each group, in the store.</summary>
internal sealed class GroupedStatsEndpoint(IEntityLog log, ModelCatalog catalog, PastReads past, EntityApiLimits limits)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/entity/stats/{entityName}/{modelVersion}/query", "entities.read",
        new Operation
        {
            Id = "queryGroupedStats",
            Summary = "Count the entities of a model by values, and add up fields for each group.",
            Tag = "stats",
            Repeatable = "It only reads.",
            Body = Content.Json(Schemas.Members(
                [
                    ("groupBy", Schemas.List(Schemas.Text())), ("condition", Schemas.Object()),
                    ("aggregations", Schemas.List(Schemas.Object())),
                    ("pointInTime", Schemas.Time()), ("limit", Schemas.Integer(1, int.MaxValue)),
                ],
                "groupBy")),
            Answer = AnswerSchemas.Of("queryGroupedStats"),
        },
        QueryAsync);

    private async Task<Result<Answer>> QueryAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error))
            return error.Kind == ErrorKind.Invalid ? StatsErrors.Malformed(error.Message) : error;
        using var json = body.Parse();
        if (!GroupedStatsReader.Read(json.RootElement, limits.StatsGroupsMax).TryGet(out var request, out error)) return error;
        if (await past.CheckAsync(target.Caller, target.Model, request.AsOf, call.Aborted) is { } dropped) return dropped;
        if (!(await FitAsync(target, request, call.Aborted)).TryGet(out request, out error)) return error;
        var grouping = ToGrouping(target, request, limits.StatsGroupsMax + 1);
        var groups = await log.GroupAsync(grouping, call.Aborted);
        if (groups.Count > limits.StatsGroupsMax) return StatsErrors.TooManyGroups(limits.StatsGroupsMax);
        var ordered = groups.Order(GroupOrder.Instance).Take(request.Limit ?? groups.Count);
        return Answer.Json(writer => GroupedStatsWriter.Write(writer, request, grouping.Fields, ordered));
    }

    /// <summary>
    /// The request with its condition's constants as the model has them. A path that the model does not have would group by nothing, or add
    /// up nothing, so it is refused.
    /// </summary>
    private async ValueTask<Result<GroupedStatsRequest>> FitAsync(
        ModelTarget target, GroupedStatsRequest request, CancellationToken cancellationToken)
    {
        if (request is { Condition: null, Aggregations: [] } && request.GroupBy.All(key => key.Field is Field.Meta)) return request;
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, cancellationToken)).TryGet(out var model, out var error))
            return error;
        var fields = new ModelFields(model);
        foreach (var (text, field) in request.GroupBy)
        {
            if (field is Field.Path path && fields.At(path.Value) is null) return StatsErrors.NoGroupBy(text, fields.Nearest(text));
        }
        foreach (var field in request.Aggregations.Select(a => a.Field))
        {
            if (fields.At(field) is null) return StatsErrors.NoField(field, fields.Nearest(field.ToString()));
        }
        if (request.Condition is not { } sent) return request;
        return new ConditionTyping(fields).Fit(sent).Then<GroupedStatsRequest>(condition => request with { Condition = condition });
    }

    private static Grouping ToGrouping(ModelTarget target, GroupedStatsRequest request, int limit) => new()
    {
        Tenant = target.Caller.Tenant,
        Model = target.Model,
        Where = request.Condition,
        AsOf = request.AsOf,
        Keys = [.. request.GroupBy.Select(key => key.Field)],
        Fields = [.. request.Aggregations.Select(a => a.Field).Distinct()],
        Limit = limit,
    };
}
