using System.Text.Json;

namespace Strata.CloudEvents.Requests;

/// <summary>Models: import, export, lock and unlock, delete, list, unique keys.</summary>
internal static class ModelRequests
{
    public static IEnumerable<RequestHandler> All { get; } =
    [
        RequestHandler.One("EntityModelImportRequest", "EntityModelImportResponse", ImportAsync),
        RequestHandler.One("EntityModelExportRequest", "EntityModelExportResponse", ExportAsync),
        RequestHandler.One("EntityModelTransitionRequest", "EntityModelTransitionResponse", TransitionAsync),
        RequestHandler.One("EntityModelDeleteRequest", "EntityModelDeleteResponse", DeleteAsync),
        RequestHandler.One("EntityModelGetAllRequest", "EntityModelGetAllResponse", GetAllAsync),
        RequestHandler.One("EntityModelSetUniqueKeysRequest", "EntityModelSetUniqueKeysResponse", SetUniqueKeysAsync),
    ];

    private static async Task<AnswerPart> ImportAsync(RequestCall call)
    {
        var (body, mediaType, format) = Bodies.Document(call, call.Required("payload"));
        var id = await call.SendAsync(
            "POST", $"/api/model/import/{RequestCall.Escape(format)}/{RequestCall.Escape(call.RequiredText("converter"))}/{call.Model()}",
            body, mediaType);
        return json => json.WriteString("modelId", id.GetString());
    }

    private static async Task<AnswerPart> ExportAsync(RequestCall call)
    {
        var view = await call.SendAsync("GET", $"/api/model/export/{RequestCall.Escape(call.RequiredText("converter"))}/{call.Model()}");
        var model = await FindAsync(call, call.Required("model"));
        return json =>
        {
            Bodies.Copy(json, model, "id", "modelId");
            Bodies.Copy(json, call.Payload, "model");
            json.WritePropertyName("payload");
            view.WriteTo(json);
        };
    }

    private static async Task<AnswerPart> TransitionAsync(RequestCall call)
    {
        var isLock = string.Equals(call.RequiredText("transition"), "LOCK", StringComparison.OrdinalIgnoreCase);
        if (!isLock && !string.Equals(call.RequiredText("transition"), "UNLOCK", StringComparison.OrdinalIgnoreCase))
            throw Events.EventReader.Faulty("The transition of a model is LOCK or UNLOCK.").ToException();
        var changed = await call.SendAsync("PUT", $"/api/model/{call.Model()}/{(isLock ? "lock" : "unlock")}");
        return json =>
        {
            Bodies.Copy(json, changed, "modelId");
            json.WriteString("state", isLock ? "LOCKED" : "UNLOCKED");
        };
    }

    private static async Task<AnswerPart> DeleteAsync(RequestCall call)
    {
        await call.SendAsync("DELETE", $"/api/model/{call.Model()}");
        return _ => { };
    }

    private static async Task<AnswerPart> GetAllAsync(RequestCall call)
    {
        var models = await call.SendAsync("GET", "/api/model/");
        return json =>
        {
            json.WriteStartArray("models");
            foreach (var model in models.EnumerateArray()) WriteInfo(json, model);
            json.WriteEndArray();
        };
    }

    private static async Task<AnswerPart> SetUniqueKeysAsync(RequestCall call)
    {
        var body = Bodies.Write(json =>
        {
            json.WriteStartObject();
            Bodies.Copy(json, call.Payload, "uniqueKeys");
            json.WriteEndObject();
        });
        var changed = await call.SendAsync("PUT", $"/api/model/{call.Model()}/unique-keys", body);
        return json =>
        {
            Bodies.Copy(json, changed, "modelId");
            json.WriteString("state", "UNLOCKED");
        };
    }

    private static async Task<JsonElement> FindAsync(RequestCall call, JsonElement key)
    {
        var models = await call.SendAsync("GET", "/api/model/");
        return models.EnumerateArray()
            .First(m => RequestCall.Optional(m, "modelName") == RequestCall.Optional(key, "name")
                && RequestCall.Optional(m, "modelVersion") == RequestCall.Optional(key, "version"));
    }

    private static void WriteInfo(Utf8JsonWriter json, JsonElement model)
    {
        json.WriteStartObject();
        Bodies.Copy(json, model, "id");
        Bodies.Copy(json, model, "modelName", "name");
        Bodies.Copy(json, model, "modelVersion", "version");
        Bodies.Copy(json, model, "currentState", "state");
        json.WriteEndObject();
    }
}
