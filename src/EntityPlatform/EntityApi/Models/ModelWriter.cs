using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Models;

/// <summary>Models as the entity API returns them.</summary>
internal static class ModelWriter
{
    public static void WriteInfo(Utf8JsonWriter json, ModelInfo model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Id.Value);
        json.WriteString("modelName", model.Key.Name);
        json.WriteNumber("modelVersion", model.Key.Version);
        json.WriteString("currentState", model.State);
        json.WriteString("modelUpdateDate", model.ChangedAt.UtcDateTime);
        if (model.ChangeLevel is { } level) json.WriteString("changeLevel", level);
        if (model.Project is { } project) json.WriteString("project", project);
        json.WriteEndObject();
    }

    public static void WriteAction(Utf8JsonWriter json, EntityId id, ModelKey key, bool success, string message)
    {
        json.WriteStartObject();
        json.WriteBoolean("success", success);
        json.WriteString("message", message);
        json.WriteString("modelId", id.Value);
        EntityWriter.WriteModel(json, key);
        json.WriteEndObject();
    }

    /// <param name="view">The structure in the requested form.</param>
    public static void WriteExport(Utf8JsonWriter json, ModelInfo model, JsonText view)
    {
        json.WriteStartObject();
        json.WriteString("currentState", model.State);
        json.WritePropertyName("model");
        json.WriteRawValue(view.Utf8.Span, skipInputValidation: true); // a schema may nest deeper than the validation's limit
        if (model.UniqueKeys.Count > 0) WriteUniqueKeys(json, model);
        json.WriteEndObject();
    }

    private static void WriteUniqueKeys(Utf8JsonWriter json, ModelInfo model)
    {
        json.WriteStartArray("uniqueKeys");
        foreach (var key in model.UniqueKeys)
        {
            json.WriteStartObject();
            json.WriteString("id", key.Id);
            json.WriteStartArray("fields");
            foreach (var field in key.Fields) json.WriteStringValue(field.Text);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
