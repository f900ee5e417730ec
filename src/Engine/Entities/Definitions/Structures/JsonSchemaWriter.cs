using System.Buffers;
using System.Text.Json;
using Strata.Core;

namespace Strata.Entities.Definitions.Structures;

/// <summary>The entity API's JSON_SCHEMA of a structure: <c>anyOf</c> where a place is more than one thing.</summary>
internal static class JsonSchemaWriter
{
    public static JsonText Write(ModelStructure structure)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = 1000 })) Write(writer, structure);
        return new JsonText(buffer.WrittenMemory);
    }

    private static void Write(Utf8JsonWriter json, ModelStructure place)
    {
        var types = place.Types.HasNoValue ? [] : place.Types.ToList();
        var count = types.Count + (place.IsObject ? 1 : 0) + (place.Element is null ? 0 : 1);
        json.WriteStartObject();
        if (count > 1) json.WriteStartArray("anyOf");
        WriteEach(json, place, types, isAlone: count == 1);
        if (count == 0) WriteType(json, DataType.Null);
        if (count > 1) json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteEach(Utf8JsonWriter json, ModelStructure place, List<DataType> types, bool isAlone)
    {
        if (place.IsObject) Within(json, isAlone, () => WriteObject(json, place));
        if (place.Element is { } element) Within(json, isAlone, () => WriteArray(json, element));
        foreach (var type in types) Within(json, isAlone, () => WriteType(json, type));
    }

    private static void Within(Utf8JsonWriter json, bool isAlone, Action write)
    {
        if (!isAlone) json.WriteStartObject();
        write();
        if (!isAlone) json.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter json, ModelStructure place)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var (name, field) in place.Fields)
        {
            json.WritePropertyName(name);
            Write(json, field);
        }
        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, ModelStructure element)
    {
        json.WriteString("type", "array");
        json.WritePropertyName("items");
        Write(json, element);
    }

    private static void WriteType(Utf8JsonWriter json, DataType of)
    {
        var (type, format, extension) = JsonSchemaTypes.Of(of);
        json.WriteString("type", type);
        if (format is not null) json.WriteString("format", format);
        if (extension is not null) json.WriteString(JsonSchemaTypes.Extension, extension);
    }
}
