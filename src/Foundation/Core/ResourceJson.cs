using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// Reads and writes <see cref="Resource{TSpec,TStatus}"/> in its wire shape, by hand so that the order of its members stays fixed and every
/// stream and page can write resources one behind the other.
/// </summary>
public static class ResourceJson
{
    public static void Write<TSpec, TStatus>(Utf8JsonWriter json, Resource<TSpec, TStatus> resource)
    {
        json.WriteStartObject();
        json.WriteString("id", resource.Id);
        json.WriteString("kind", resource.Kind);
        json.WriteString("name", resource.Name);
        json.WriteString("org", resource.Org);
        if (resource.Project is not null) json.WriteString("project", resource.Project);
        WriteLabels(json, resource.Labels);
        json.WriteString("state", resource.State);
        json.WriteNumber("revision", resource.Revision);
        json.WriteString("createdAt", resource.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt", resource.UpdatedAt.UtcDateTime);
        json.WriteString("updatedBy", resource.UpdatedBy);
        if (resource.Transition is not null) json.WriteString("transition", resource.Transition);
        if (resource.Deleted) json.WriteBoolean("deleted", true);
        json.WritePropertyName("spec");
        JsonSerializer.Serialize(json, resource.Spec, WireJson.Of<TSpec>());
        json.WritePropertyName("status");
        JsonSerializer.Serialize(json, resource.Status, WireJson.Of<TStatus>());
        json.WriteEndObject();
    }

    /// <summary>Unknown members are ignored, so that a newer server may send more.</summary>
    /// <exception cref="JsonException">A member is missing or of another type.</exception>
    public static Resource<TSpec, TStatus> Read<TSpec, TStatus>(JsonElement json) => new()
    {
        Id = Text(json, "id"),
        Kind = Text(json, "kind"),
        Name = Text(json, "name"),
        Org = Text(json, "org"),
        Project = OptionalText(json, "project"),
        Labels = ReadLabels(json),
        State = Text(json, "state"),
        Revision = Member(json, "revision").GetInt64(),
        CreatedAt = Member(json, "createdAt").GetDateTimeOffset(),
        UpdatedAt = Member(json, "updatedAt").GetDateTimeOffset(),
        UpdatedBy = Text(json, "updatedBy"),
        Transition = OptionalText(json, "transition"),
        Deleted = json.TryGetProperty("deleted", out var deleted) && deleted.GetBoolean(),
        Spec = Member(json, "spec").Deserialize(WireJson.Of<TSpec>()) ?? throw new JsonException("\"spec\" is null."),
        Status = Member(json, "status").Deserialize(WireJson.Of<TStatus>()) ?? throw new JsonException("\"status\" is null."),
    };

    public static void WriteNew<TSpec>(Utf8JsonWriter json, NewResource<TSpec> resource)
    {
        json.WriteStartObject();
        json.WriteString("name", resource.Name);
        if (resource.Project is not null) json.WriteString("project", resource.Project);
        if (resource.Labels is not null) WriteLabels(json, resource.Labels);
        json.WritePropertyName("spec");
        JsonSerializer.Serialize(json, resource.Spec, WireJson.Of<TSpec>());
        json.WriteEndObject();
    }

    public static void WriteLabels(Utf8JsonWriter json, IReadOnlyDictionary<string, string> labels)
    {
        json.WriteStartObject("labels");
        foreach (var (name, value) in labels) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static Dictionary<string, string> ReadLabels(JsonElement json) =>
        json.TryGetProperty("labels", out var labels)
            ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? "", StringComparer.Ordinal)
            : [];

    private static string Text(JsonElement json, string name) =>
        Member(json, name).GetString() ?? throw new JsonException($"\"{name}\" is null.");

    private static string? OptionalText(JsonElement json, string name) => json.TryGetProperty(name, out var value)
        ? value.GetString() : null;

    private static JsonElement Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value : throw new JsonException($"\"{name}\" is missing.");
}
