using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Definitions;

/// <summary>
/// What samples have shown of a model's documents: a tree of fields. One place may have been seen as a scalar, an object and an array; each is
/// kept. Grows by <see cref="Merge(JsonElement)"/>; not for concurrent use.
/// </summary>
internal sealed class ModelStructure
{
    /// <summary>Places in one model.</summary>
    public const int NodesMax = 10_000;

    /// <summary>
    /// Samples nest at most so deep, so that the structure, which nests twice as deep, stays within <see cref="JsonGuard.DepthMax"/>.
    /// </summary>
    public const int DepthMax = 40;

    private readonly SortedSet<DataType> types = [];
    private readonly SortedDictionary<string, ModelStructure> fields = new(StringComparer.Ordinal);
    private bool isObject;
    private ModelStructure? element;

    public int Nodes => 1 + Children.Sum(child => child.Nodes);

    public int Depth => 1 + Children.Select(child => child.Depth).DefaultIfEmpty().Max();

    private IEnumerable<ModelStructure> Children => element is null ? fields.Values : fields.Values.Append(element);

    /// <summary>Whether a path without wildcards leads to a place seen as a scalar and nothing else.</summary>
    public bool IsScalar(JsonPath path)
    {
        var place = this;
        foreach (var step in path.Steps)
        {
            var next = step.Name is { } name ? place.fields.GetValueOrDefault(name) : place.element;
            if (next is null) return false;
            place = next;
        }
        return place is { isObject: false, element: null, types.Count: > 0 };
    }

    public void Merge(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                isObject = true;
                foreach (var member in value.EnumerateObject()) Field(member.Name).Merge(member.Value);
                break;
            case JsonValueKind.Array:
                element ??= new ModelStructure();
                foreach (var item in value.EnumerateArray()) element.Merge(item);
                break;
            default:
                DataTypes.Widen(types, DataTypes.Classify(value));
                break;
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static ModelStructure Read(JsonElement json)
    {
        var structure = new ModelStructure();
        foreach (var type in json.GetProperty("types").EnumerateArray()) structure.types.Add(DataTypes.Find(type.GetString()!));
        if (json.TryGetProperty("fields", out var fields))
        {
            structure.isObject = true;
            foreach (var field in fields.EnumerateObject()) structure.fields[field.Name] = Read(field.Value);
        }
        if (json.TryGetProperty("element", out var element)) structure.element = Read(element);
        return structure;
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("types");
        foreach (var type in types) writer.WriteStringValue(DataTypes.Of(type));
        writer.WriteEndArray();
        if (isObject)
        {
            writer.WriteStartObject("fields");
            foreach (var (name, field) in fields)
            {
                writer.WritePropertyName(name);
                field.Write(writer);
            }
            writer.WriteEndObject();
        }
        if (element is not null)
        {
            writer.WritePropertyName("element");
            element.Write(writer);
        }
        writer.WriteEndObject();
    }

    /// <summary>The entity API's SIMPLE_VIEW: one bucket for each object by its path, <c>.name</c> for a scalar, <c>.name[*]</c> for an array of
    /// them, <c>#.name</c> for what has a bucket of its own.</summary>
    public JsonText ToSimpleView()
    {
        var buckets = new Dictionary<string, SortedDictionary<string, string>>();
        Describe("$", buckets);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (path, bucket) in buckets)
            {
                writer.WriteStartObject(path);
                foreach (var (name, type) in bucket) writer.WriteString(name, type);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return new JsonText(buffer.WrittenMemory);
    }

    private void Describe(string path, Dictionary<string, SortedDictionary<string, string>> buckets)
    {
        var bucket = buckets[path] = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (path.EndsWith("[*]", StringComparison.Ordinal)) bucket["#"] = "ARRAY_ELEMENT";
        foreach (var (name, field) in fields) field.DescribeIn(bucket, path, "." + name, buckets);
    }

    private void DescribeIn(
        SortedDictionary<string, string> bucket, string path, string name, Dictionary<string, SortedDictionary<string, string>> buckets)
    {
        if (types.Count > 0 || (!isObject && element is null)) bucket[name] = TypesText();
        if (isObject)
        {
            bucket["#" + name.Replace("[*]", "", StringComparison.Ordinal)] = "OBJECT";
            Describe(path + name, buckets);
        }
        element?.DescribeIn(bucket, path, name + "[*]", buckets);
    }

    private string TypesText() => types.Count switch
    {
        0 => DataTypes.Of(DataType.Null),
        1 => DataTypes.Of(types.Min),
        _ => $"[{string.Join(", ", types.Select(DataTypes.Of).Order(StringComparer.Ordinal))}]",
    };

    private ModelStructure Field(string name)
    {
        if (!fields.TryGetValue(name, out var field)) fields[name] = field = new ModelStructure();
        return field;
    }
}
