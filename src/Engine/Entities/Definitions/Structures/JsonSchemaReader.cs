using System.Text.Json;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// Reads the structure out of a JSON Schema: type, properties, items, anyOf and oneOf. What only narrows values (required, enum, pattern …)
/// is passed over; what would need other schemas ($ref, allOf, not, if) is a fault.
/// </summary>
internal sealed class JsonSchemaReader(Faults faults)
{
    private static readonly string[] Refused = ["$ref", "$dynamicRef", "allOf", "not", "if", "patternProperties", "prefixItems"];

    public ModelStructure Read(JsonElement schema)
    {
        var structure = new ModelStructure();
        ReadInto(structure, schema, "$");
        if (!structure.IsObject || structure.Element is not null || !structure.Types.HasNoValue)
            faults.Add("$", "The schema of a document must be that of an object.");
        return structure;
    }

    private void ReadInto(ModelStructure place, JsonElement schema, string path)
    {
        if (place.IsOverfull) return;
        if (schema.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, "A schema is an object.");
            return;
        }
        foreach (var keyword in Refused.Where(keyword => schema.TryGetProperty(keyword, out _)))
            faults.Add(path, $"\"{keyword}\" cannot be imported.");
        if (!ReadAlternatives(place, schema, path)) ReadTypes(place, schema, path);
    }

    private bool ReadAlternatives(ModelStructure place, JsonElement schema, string path)
    {
        if (!schema.TryFind("anyOf", out var alternatives) && !schema.TryFind("oneOf", out alternatives)) return false;
        if (alternatives.ValueKind != JsonValueKind.Array || alternatives.GetArrayLength() == 0)
            faults.Add(path, "An array of schemas is needed.");
        else foreach (var one in alternatives.EnumerateArray()) ReadInto(place, one, path);
        return true;
    }

    private void ReadTypes(ModelStructure place, JsonElement schema, string path)
    {
        if (schema.TryFind("type", out var type) && type.ValueKind == JsonValueKind.Array)
        {
            foreach (var one in type.EnumerateArray())
                ReadType(place, schema, one.ValueKind == JsonValueKind.String ? one.GetString()! : "", path);
            return;
        }
        var inferred = schema.TryFind("properties", out _) ? "object" : schema.TryFind("items", out _) ? "array" : "";
        ReadType(place, schema, schema.TextOf("type") ?? inferred, path);
    }

    private void ReadType(ModelStructure place, JsonElement schema, string type, string path)
    {
        switch (type)
        {
            case "object":
                ReadProperties(place, schema, path);
                break;
            case "array":
                var element = place.AsArray();
                if (schema.TryFind("items", out var items)) ReadInto(element, items, path + "[*]");
                break;
            default:
                ReadLeaf(place, schema, type, path);
                break;
        }
    }

    private void ReadProperties(ModelStructure place, JsonElement schema, string path)
    {
        place.AsObject();
        if (!schema.TryFind("properties", out var properties)) return;
        if (properties.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, "\"properties\" is an object of schemas by name.");
            return;
        }
        foreach (var property in properties.EnumerateObject().TakeWhile(_ => !place.IsOverfull))
            ReadInto(place.Field(property.Name), property.Value, $"{path}.{Quote.Shorten(property.Name)}");
    }

    private void ReadLeaf(ModelStructure place, JsonElement schema, string type, string path)
    {
        if (schema.TextOf(JsonSchemaTypes.Extension) is { } name && DataTypes.TryFind(name, out var exact)) place.Add(exact);
        else if (JsonSchemaTypes.Find(type, schema.TextOf("format")) is { } leaf) place.Add(leaf);
        else faults.Add(path, "A type is needed: object, array, string, integer, number, boolean or null.");
    }
}
