using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;

namespace Strata.EntityApi.Stats;

/// <summary>How many entities there are, by model and by state, now or then.</summary>
internal sealed class StatsEndpoints(IEntityLog log, ModelCatalog catalog, PastReads past)
{
    private const int StatesMax = 1_000;
    private const string OfModel = "{entityName}/{modelVersion}";

    public void Map(IEndpointRouteBuilder routes)
    {
        var then = Parameter.Query("pointInTime", "As of this time (RFC 3339).", Schemas.Time());
        var states = Parameter.Query("states", "Only these states: repeated, or separated by commas.", Schemas.List(Schemas.Text()));
        Map(routes, "/api/entity/stats", "getStats", "How many entities each model has.", [then], AllAsync);
        Map(routes, "/api/entity/stats/" + OfModel, "getModelStats", "How many entities a model has.", [then], OneAsync);
        Map(routes, "/api/entity/stats/states", "getStateStats", "How many entities each model has in each state.",
            [then, states], StatesAsync);
        Map(routes, "/api/entity/stats/states/" + OfModel, "getModelStateStats", "How many entities a model has in each state.",
            [then, states], StatesOfOneAsync);
    }

    private static void Map(
        IEndpointRouteBuilder routes, string path, string id, string summary, Parameter[] parameters, ApiHandler handler) =>
        routes.MapApi("GET", path, "entities.read",
            new Operation { Id = id, Summary = summary, Tag = "stats", Parameters = parameters, Answer = AnswerSchemas.Of(id) }, handler);

    /// <summary>Of the present, models without entities too.</summary>
    private async Task<Result<Answer>> AllAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if (!(await CountAsync(caller, null, asOf, call.Aborted)).TryGet(out var found, out error)) return error;
        var counts = found.GroupBy(c => c.Model).ToDictionary(g => g.Key, g => g.Sum(c => c.Count));
        if (asOf.IsLatest)
        {
            if (!(await catalog.ListAsync(caller, call.Aborted)).TryGet(out var models, out error)) return error;
            foreach (var model in models) counts.TryAdd(model.Key, 0);
        }
        return List(counts.OrderBy(c => c.Key.Name, StringComparer.Ordinal).ThenBy(c => c.Key.Version),
            (json, c) => Write(json, c.Key, null, c.Value));
    }

    private async Task<Result<Answer>> OneAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out error)) return error;
        if (!(await CountAsync(target.Caller, target.Model, asOf, call.Aborted)).TryGet(out var counts, out error)) return error;
        return Answer.Json(json => Write(json, target.Model, null, counts.Sum(c => c.Count)));
    }

    private async Task<Result<Answer>> StatesAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        return await StatesAsync(call, caller, null);
    }

    private async Task<Result<Answer>> StatesOfOneAsync(ApiCall call)
    {
        if (!(await ModelTarget.KnownAsync(call, catalog)).TryGet(out var target, out var error)) return error;
        return await StatesAsync(call, target.Caller, target.Model);
    }

    private async Task<Result<Answer>> StatesAsync(ApiCall call, Caller caller, ModelKey? model)
    {
        if (!call.QueryAt("pointInTime").TryGet(out var asOf, out var error)) return error;
        if (!States(call).TryGet(out var states, out error)) return error;
        if (!(await CountAsync(caller, model, asOf, call.Aborted)).TryGet(out var counts, out error)) return error;
        var ordered = counts.Where(c => states.Count == 0 || states.Contains(c.State)).OrderBy(c => c.Model.Name, StringComparer.Ordinal)
            .ThenBy(c => c.Model.Version).ThenBy(c => c.State, StringComparer.Ordinal);
        return List(ordered, (json, c) => Write(json, c.Model, c.State, c.Count));
    }

    /// <summary>Without the platform's own entities.</summary>
    private async ValueTask<Result<StateCount[]>> CountAsync(Caller caller, ModelKey? model, AsOf asOf, CancellationToken cancellationToken)
    {
        var dropped = model is { } one ? await past.CheckAsync(caller, one, asOf, cancellationToken)
            : await past.CheckAllAsync(caller, asOf, cancellationToken);
        if (dropped is not null) return dropped;
        return (await log.CountAsync(caller.Tenant, model, asOf, cancellationToken)).Where(c => !EntityCall.IsPlatforms(c.Model)).ToArray();
    }

    /// <summary>Empty: all.</summary>
    private static Result<HashSet<string>> States(ApiCall call)
    {
        var sent = call.Http.Request.Query["states"].SelectMany(text => (text ?? "").Split(',')).ToHashSet(StringComparer.Ordinal);
        if (sent.Count > StatesMax) return ApiErrors.QueryValue("states", $"at most {StatesMax} names of states");
        return sent.Any(state => state.Length == 0 || state.Any(c => char.IsControl(c) || c == '\uFFFD'))
            ? ApiErrors.Query("states", "holds an empty or an invalid name.", "Set states to names of states, separated by commas.")
            : sent;
    }

    private static Answer List<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Answer.Json(json =>
    {
        json.WriteStartArray();
        foreach (var item in items) write(json, item);
        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, ModelKey model, string? state, long count)
    {
        json.WriteStartObject();
        json.WriteString("modelName", model.Name);
        json.WriteNumber("modelVersion", model.Version);
        if (state is not null) json.WriteString("state", state);
        json.WriteNumber("count", count);
        json.WriteEndObject();
    }
}
