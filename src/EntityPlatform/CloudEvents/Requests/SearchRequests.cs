using System.Text.Json;

namespace Strata.CloudEvents.Requests;

/// <summary>Reads: one entity, lists, searches of both kinds, statistics, changes.</summary>
internal static class SearchRequests
{
    private const string Entity = "EntityResponse";
    private const string Snapshot = "EntitySnapshotSearchResponse";
    private const string PageSizeDefault = "10";
    private const string ListPageSizeDefault = "20";

    public static IEnumerable<RequestHandler> All { get; } =
    [
        RequestHandler.One("EntityGetRequest", Entity, GetAsync),
        RequestHandler.One("EntitySnapshotSearchRequest", Snapshot, SubmitAsync),
        RequestHandler.One("SnapshotGetStatusRequest", Snapshot, call => StatusAsync(call, call.RequiredText("snapshotId"))),
        RequestHandler.One("SnapshotCancelRequest", Snapshot, CancelAsync),
        RequestHandler.Many("EntityGetAllRequest", Entity, ListAsync),
        RequestHandler.Many("EntitySearchRequest", Entity, SearchAsync),
        RequestHandler.Many("SnapshotGetRequest", Entity, ResultsAsync),
        RequestHandler.Many("EntityStatsGetRequest", "EntityStatsResponse", StatsAsync),
        RequestHandler.Many("EntityStatsByStateGetRequest", "EntityStatsByStateResponse", StateStatsAsync),
        RequestHandler.Many("EntityChangesMetadataGetRequest", "EntityChangesMetadataResponse", ChangesAsync),
    ];

    private static async Task<AnswerPart> GetAsync(RequestCall call)
    {
        var query = RequestCall.Query(("pointInTime", call.Optional("pointInTime")));
        return EntityPart(await call.SendAsync("GET", $"/api/entity/{RequestCall.Escape(call.RequiredText("entityId"))}{query}"));
    }

    private static async Task<AnswerPart> SubmitAsync(RequestCall call)
    {
        var query = RequestCall.Query([("pointInTime", call.Optional("pointInTime")), .. Sort(call)]);
        var id = await call.SendAsync("POST", $"/api/search/async/{call.Model()}{query}", Bodies.Raw(call.Required("condition")));
        return await StatusAsync(call, id.GetString()!);
    }

    private static async Task<AnswerPart> StatusAsync(RequestCall call, string snapshot)
    {
        var status = await call.SendAsync("GET", $"/api/search/async/{RequestCall.Escape(snapshot)}/status");
        return json =>
        {
            json.WriteStartObject("status");
            json.WriteString("snapshotId", snapshot);
            Bodies.Copy(json, status, "searchJobStatus", "status");
            Bodies.Copy(json, status, "expirationDate");
            Bodies.Copy(json, status, "entitiesCount");
            json.WriteEndObject();
        };
    }

    private static async Task<AnswerPart> CancelAsync(RequestCall call)
    {
        var snapshot = call.RequiredText("snapshotId");
        await call.SendAsync("PUT", $"/api/search/async/{RequestCall.Escape(snapshot)}/cancel");
        return await StatusAsync(call, snapshot);
    }

    private static async IAsyncEnumerable<AnswerPart> ListAsync(RequestCall call)
    {
        var query = RequestCall.Query(
            ("pageSize", call.Optional("pageSize") ?? ListPageSizeDefault), ("pageNumber", call.Optional("pageNumber") ?? "0"),
            ("pointInTime", call.Optional("pointInTime")));
        var page = await call.SendAsync("GET", $"/api/entity/{call.Model()}{query}");
        foreach (var entity in page.EnumerateArray()) yield return EntityPart(entity);
    }

    private static async IAsyncEnumerable<AnswerPart> SearchAsync(RequestCall call)
    {
        var query = RequestCall.Query(
            [("pointInTime", call.Optional("pointInTime")), ("limit", call.Optional("limit")),
                ("timeoutMillis", call.Optional("timeoutMillis")), ("trackingRead", call.Optional("trackingRead")), .. Sort(call)]);
        await foreach (
            var entity in call.LinesAsync("POST", $"/api/search/direct/{call.Model()}{query}",
                Bodies.Raw(call.Required("condition")))) yield return EntityPart(entity);
    }

    private static async IAsyncEnumerable<AnswerPart> ResultsAsync(RequestCall call)
    {
        var query = RequestCall.Query(
            ("pageSize", call.Optional("pageSize") ?? PageSizeDefault), ("pageNumber", call.Optional("pageNumber") ?? "0"));
        var page = await call.SendAsync("GET", $"/api/search/async/{RequestCall.Escape(call.RequiredText("snapshotId"))}{query}");
        foreach (var entity in page.GetProperty("content").EnumerateArray()) yield return EntityPart(entity);
    }

    private static async IAsyncEnumerable<AnswerPart> StatsAsync(RequestCall call)
    {
        var query = RequestCall.Query(("pointInTime", call.Optional("pointInTime")));
        await foreach (var counted in CountsAsync(call, "/api/entity/stats", query)) yield return json => WriteCount(json, counted);
    }

    private static async IAsyncEnumerable<AnswerPart> StateStatsAsync(RequestCall call)
    {
        var states = call.Payload.TryGetProperty("states", out var list) && list.ValueKind == JsonValueKind.Array
            ? string.Join(',', list.EnumerateArray().Select(s => s.GetString())) : null;
        var query = RequestCall.Query(("pointInTime", call.Optional("pointInTime")), ("states", states is { Length: > 0 } ? states : null));
        await foreach (var counted in CountsAsync(call, "/api/entity/stats/states", query))
        {
            yield return json =>
            {
                WriteCount(json, counted);
                Bodies.Copy(json, counted, "state");
            };
        }
    }

    private static async IAsyncEnumerable<JsonElement> CountsAsync(RequestCall call, string path, string query)
    {
        var of = call.Payload.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.Object ? "/" + call.Model() : "";
        var counts = await call.SendAsync("GET", path + of + query);
        if (counts.ValueKind == JsonValueKind.Object) yield return counts;
        else foreach (var counted in counts.EnumerateArray()) yield return counted;
    }

    private static async IAsyncEnumerable<AnswerPart> ChangesAsync(RequestCall call)
    {
        var query = RequestCall.Query(("pointInTime", call.Optional("pointInTime")));
        var changes = await call.SendAsync("GET", $"/api/entity/{RequestCall.Escape(call.RequiredText("entityId"))}/changes{query}");
        foreach (var change in changes.EnumerateArray())
        {
            yield return json =>
            {
                json.WritePropertyName("changeMeta");
                change.WriteTo(json);
            };
        }
    }

    private static void WriteCount(Utf8JsonWriter json, JsonElement counted)
    {
        Bodies.Copy(json, counted, "modelName");
        Bodies.Copy(json, counted, "modelVersion");
        Bodies.Copy(json, counted, "count");
    }

    /// <summary>An entity as over HTTP, except for its type.</summary>
    private static AnswerPart EntityPart(JsonElement envelope) => json =>
    {
        json.WriteStartObject("payload");
        json.WriteString("type", "JSON");
        Bodies.Copy(json, envelope, "data");
        Bodies.Copy(json, envelope, "meta");
        json.WriteEndObject();
    };

    private static IEnumerable<(string, string?)> Sort(RequestCall call)
    {
        if (!call.Payload.TryGetProperty("orderBy", out var keys) || keys.ValueKind != JsonValueKind.Array) yield break;
        foreach (var key in keys.EnumerateArray())
        {
            var isMeta = RequestCall.Optional(key, "source") == "meta";
            yield return (
                "sort", (isMeta ? "@" : "") + RequestCall.RequiredText(key, "path")
                    + (RequestCall.Optional(key, "desc") == "true" ? ":desc" : ""));
        }
    }
}
