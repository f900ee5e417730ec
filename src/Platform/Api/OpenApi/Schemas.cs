using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Strata.Core;

namespace Strata.Api.OpenApi;

/// <summary>Small JSON Schemas (2020-12, as OpenAPI 3.1 uses them). Each call makes a fresh node, because a node has one parent.</summary>
public static class Schemas
{
    /// <summary>Without, generators take 32 bits for enough.</summary>
    private const string Long = "int64";

    private static readonly JsonSchemaExporterOptions ExporterOptions =
        new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Transform };

    public static JsonObject Text() => new() { ["type"] = "string" };

    public static JsonObject TextOrNull() => new() { ["type"] = new JsonArray("string", "null") };

    public static JsonObject Time() => new() { ["type"] = "string", ["format"] = "date-time" };

    public static JsonObject Uuid() => new() { ["type"] = "string", ["format"] = "uuid" };

    public static JsonObject Flag() => new() { ["type"] = "boolean" };

    public static JsonObject Any() => [];

    public static JsonObject Object() => new() { ["type"] = "object" };

    public static JsonObject Integer(long min, long max) => max <= int.MaxValue
        ? new() { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max }
        : new() { ["type"] = "integer", ["format"] = Long, ["minimum"] = min, ["maximum"] = max };

    public static JsonObject OneOf(params string[] values) =>
        new() { ["type"] = "string", ["enum"] = new JsonArray([.. values.Select(v => (JsonNode)v)]) };

    public static JsonObject List(JsonNode item) => new() { ["type"] = "array", ["items"] = item };

    public static JsonObject Map(JsonNode value) => new() { ["type"] = "object", ["additionalProperties"] = value };

    /// <summary>An object with these members and no others.</summary>
    public static JsonObject Closed(IEnumerable<(string Name, JsonNode Schema)> members, params string[] required)
    {
        var schema = Members(members, required);
        schema["additionalProperties"] = false;
        return schema;
    }

    public static JsonObject Members(IEnumerable<(string Name, JsonNode Schema)> members, params string[] required) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(members.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Schema))),
        ["required"] = new JsonArray([.. required.Select(r => (JsonNode)r)]),
    };

    public static JsonObject Reference(string component) => new() { ["$ref"] = "#/components/schemas/" + component };

    /// <summary>The schema of one of Strata's own types, as <see cref="WireJson"/> reads and writes it.</summary>
    public static JsonNode Of(Type type) => WireJson.Options.GetJsonSchemaAsNode(type, ExporterOptions);

    /// <summary>As <see cref="Of"/>, for an answer: a member that is null is left out when written, so it is not required.</summary>
    public static JsonNode OfAnswer(Type type)
    {
        var schema = Of(type);
        Loosen(schema);
        return schema;
    }

    /// <summary>The least value that a schema takes: required members only, text by the member's name.</summary>
    public static JsonNode Example(JsonNode schema, string name)
    {
        if (schema["enum"] is JsonArray { Count: > 0 } choices) return choices[0]!.DeepClone();
        var type = schema["type"] is JsonArray types ? (string)types[0]! : (string?)schema["type"];
        return type switch
        {
            "string" => ExampleText(schema, name),
            "integer" or "number" => schema["minimum"]?.DeepClone() ?? 1,
            "boolean" => true,
            "array" => new JsonArray(),
            _ => new JsonObject((schema["required"] as JsonArray ?? []).Select(r => (string)r!)
                .Select(r => KeyValuePair.Create(r, (JsonNode?)Example(schema["properties"]![r]!, r)))),
        };
    }

    private static JsonNode ExampleText(JsonNode schema, string name) => (string?)schema["format"] switch
    {
        "date-time" => "2026-01-31T12:00:00Z",
        "uuid" => "01890a5d-ac96-774b-bcce-b302099a8057",
        _ when name.EndsWith("rl", StringComparison.Ordinal) || name.EndsWith("Uri", StringComparison.Ordinal) => "https://example.com",
        _ when name == "host" => "shop.example.com",
        _ => "my-" + name.ToLowerInvariant(),
    };

    private static void Loosen(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items) Loosen(item);
        }
        if (node is not JsonObject schema) return;
        if (schema["required"] is JsonArray required && schema["properties"] is JsonObject properties)
            schema["required"] = new JsonArray(
                [.. required.Select(r => (string)r!).Where(r => !IsNullable(properties[r])).Select(r => (JsonNode)r)]);
        foreach (var (_, child) in schema.ToList()) Loosen(child);
    }

    private static bool IsNullable(JsonNode? schema) => schema?["type"] is JsonArray types && types.Any(t => (string?)t == "null");

    private static bool IsList(JsonNode? type) =>
        type is JsonArray types ? types.Any(t => (string?)t == "array") : type is JsonValue && (string?)type == "array";

    /// <summary>
    /// Unknown members are refused everywhere, which the exporter does not say; and a shared type is written out where it would point to
    /// itself.
    /// </summary>
    private static JsonNode Transform(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (context.TypeInfo.Type == typeof(JsonElement)) return new JsonObject();
        if (schema is not JsonObject node) return schema;
        if (node.ContainsKey("properties")) node["additionalProperties"] = false;
        if ((Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type) == typeof(long)) node["format"] = Long;
        if (IsList(node["type"]) && !node.ContainsKey("items")) node["items"] = new JsonObject(); // of any: the exporter leaves it out
        return node;
    }
}
