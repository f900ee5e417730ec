using System.Text.Json;

namespace Strata.CloudEvents.Requests;

/// <summary>Entities: create, update, patch, delete, transitions; one, and many in transactions.</summary>
internal static class EntityRequests
{
    private const string Transaction = "EntityTransactionResponse";

    public static IEnumerable<RequestHandler> All { get; } =
    [
        RequestHandler.One("EntityCreateRequest", Transaction, CreateAsync),
        RequestHandler.One("EntityUpdateRequest", Transaction, UpdateAsync),
        RequestHandler.One("EntityPatchRequest", Transaction, PatchAsync),
        RequestHandler.One("EntityDeleteRequest", "EntityDeleteResponse", DeleteAsync),
        RequestHandler.One("EntityTransitionRequest", "EntityTransitionResponse", TransitionAsync),
        RequestHandler.Many("EntityCreateCollectionRequest", Transaction, CreateManyAsync),
        RequestHandler.Many("EntityUpdateCollectionRequest", Transaction, UpdateManyAsync),
        RequestHandler.Many("EntityDeleteAllRequest", "EntityDeleteAllResponse", DeleteAllAsync),
    ];

    private static async Task<AnswerPart> CreateAsync(RequestCall call)
    {
        var payload = call.Required("payload");
        var (body, mediaType, format) = Bodies.Document(call, RequestCall.Required(payload, "data"));
        var created = await call.SendAsync(
            "POST", $"/api/entity/{RequestCall.Escape(format)}/{call.Model(payload)}{Settings(call)}", body, mediaType);
        return TransactionPart(created[0]);
    }

    private static async Task<AnswerPart> UpdateAsync(RequestCall call)
    {
        var payload = call.Required("payload");
        var (body, mediaType, format) = Bodies.Document(call, RequestCall.Required(payload, "data"));
        var path = $"/api/entity/{RequestCall.Escape(format)}/{PathOf(payload)}{Settings(call)}";
        return TransactionPart(await call.SendAsync("PUT", path, body, mediaType, IfMatch(payload, null)));
    }

    private static async Task<AnswerPart> PatchAsync(RequestCall call)
    {
        var payload = call.Required("payload");
        if (call.Optional("patchFormat") is { } format && !format.Contains("MERGE", StringComparison.OrdinalIgnoreCase))
            throw new Core.Error(Core.ErrorKind.NotSupported, "NOT_IMPLEMENTED",
                $"The patch format {format} is not supported; use a merge patch.").ToException();
        var body = Bodies.Raw(RequestCall.Required(payload, "patch"));
        return TransactionPart(
            await call.SendAsync("PATCH", $"/api/entity/JSON/{PathOf(payload)}{Settings(call)}", body, "application/merge-patch+json",
                IfMatch(payload, "*")));
    }

    private static async Task<AnswerPart> DeleteAsync(RequestCall call)
    {
        var deleted = await call.SendAsync("DELETE", $"/api/entity/{RequestCall.Escape(call.RequiredText("entityId"))}");
        return json =>
        {
            Bodies.Copy(json, deleted, "id", "entityId");
            Bodies.Copy(json, deleted, "modelKey", "model");
            Bodies.Copy(json, deleted, "transactionId");
        };
    }

    private static async Task<AnswerPart> TransitionAsync(RequestCall call)
    {
        var (id, name) = (call.RequiredText("entityId"), call.RequiredText("transition"));
        await call.SendAsync("PUT", "/api/platform-api/entity/transition" + RequestCall.Query(("entityId", id), ("transitionName", name)));
        var offered = await call.SendAsync("GET", $"/api/entity/{RequestCall.Escape(id)}/transitions");
        return json =>
        {
            json.WritePropertyName("availableTransitions");
            offered.WriteTo(json);
        };
    }

    private static IAsyncEnumerable<AnswerPart> CreateManyAsync(RequestCall call) => ManyAsync(call, "POST", (json, item) =>
    {
        Bodies.Copy(json, item, "model");
        json.WriteString("payload", RequestCall.Required(item, "data").GetRawText());
    });

    private static IAsyncEnumerable<AnswerPart> UpdateManyAsync(RequestCall call) => ManyAsync(call, "PUT", (json, item) =>
    {
        Bodies.Copy(json, item, "entityId", "id");
        json.WriteString("payload", RequestCall.Required(item, "data").GetRawText());
        Bodies.Copy(json, item, "transition");
        Bodies.Copy(json, item, "ifMatch");
    });

    /// <summary>One answer per transaction; a failed one reports its error, and those before it stay.</summary>
    private static async IAsyncEnumerable<AnswerPart> ManyAsync(
        RequestCall call, string method, Action<Utf8JsonWriter, JsonElement> writeItem)
    {
        var items = call.Required("payloads");
        if (items.ValueKind != JsonValueKind.Array) throw Events.EventReader.Faulty("payloads must be an array.").ToException();
        var body = Bodies.Write(json =>
        {
            json.WriteStartArray();
            foreach (var item in items.EnumerateArray())
            {
                json.WriteStartObject();
                writeItem(json, item);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
        var path = "/api/entity/JSON" + RequestCall.Query(
            ("transactionWindow", call.Optional("transactionWindow")), ("transactionTimeoutMillis", call.Optional("transactionTimeoutMs")));
        var answered = await call.SendAsync(method, path, body);
        foreach (var transaction in answered.EnumerateArray())
        {
            if (transaction.TryGetProperty("error", out var error)) throw ChunkError(error).ToException();
            yield return TransactionPart(transaction);
        }
    }

    private static async IAsyncEnumerable<AnswerPart> DeleteAllAsync(RequestCall call)
    {
        var query = RequestCall.Query(
            ("transactionSize", call.Optional("transactionSize")), ("pointInTime", call.Optional("pointInTime")), ("verbose", "true"));
        var deleted = await call.SendAsync("DELETE", $"/api/entity/{call.Model()}{query}");
        yield return json =>
        {
            Bodies.Copy(json, deleted, "ids", "entityIds");
            Bodies.Copy(json, deleted, "entityModelClassId", "modelId");
            var result = deleted.GetProperty("deleteResult");
            Bodies.Copy(json, result, "numberOfEntititesRemoved", "numDeleted");
            Bodies.Copy(json, result, "idToError", "errorsById");
        };
    }

    private static Core.Error ChunkError(JsonElement error) =>
        new(Core.ErrorKind.Conflict, RequestCall.Optional(error, "code") ?? "CONFLICT",
            RequestCall.Optional(error, "message") ?? "A transaction failed.");

    private static AnswerPart TransactionPart(JsonElement transaction) => json =>
    {
        json.WriteStartObject("transactionInfo");
        Bodies.Copy(json, transaction, "transactionId");
        Bodies.Copy(json, transaction, "entityIds");
        json.WriteEndObject();
    };

    private static string PathOf(JsonElement payload)
    {
        var id = RequestCall.Escape(RequestCall.RequiredText(payload, "entityId"));
        return RequestCall.Optional(payload, "transition") is { Length: > 0 } transition ? $"{id}/{RequestCall.Escape(transition)}" : id;
    }

    private static string Settings(RequestCall call) =>
        RequestCall.Query(("transactionTimeoutMillis", call.Optional("transactionTimeoutMs")));

    private static (string, string)[] IfMatch(JsonElement payload, string? otherwise) =>
        (RequestCall.Optional(payload, "ifMatch") ?? otherwise) is { } tag ? [("If-Match", tag)] : [];
}
