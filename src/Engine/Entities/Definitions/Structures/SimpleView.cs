using System.Buffers;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// The entity API's SIMPLE_VIEW of a structure: one bucket for each object by its path, in it <c>.name</c> for a scalar, <c>.name[*]</c>
/// for an array of them, <c>#.name</c> for what has a bucket of its own. Names that a path cannot hold plainly are written as <c>['odd
/// name']</c>.
/// </summary>
internal static class SimpleView
{
    private const string Object = "OBJECT";
    private const string ArrayElement = "ARRAY_ELEMENT";
    private const string AnyElement = "[*]";

    public static JsonText Write(ModelStructure structure)
    {
        var buckets = new Dictionary<string, SortedDictionary<string, string>>();
        Describe(structure, "$", buckets);
        var buffer = new ArrayBufferWriter<byte>();
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

    /// <summary>The structure that a view describes; what is wrong with it goes to the faults.</summary>
    public static ModelStructure Read(JsonElement view, Faults faults)
    {
        var structure = new ModelStructure();
        structure.AsObject();
        if (view.ValueKind != JsonValueKind.Object) faults.Add("model", "An object of buckets by path is needed, with at least \"$\".");
        else foreach (var bucket in view.EnumerateObject().TakeWhile(_ => !structure.IsOverfull)) ReadBucket(structure, bucket, faults);
        return structure;
    }

    /// <summary>A field's name as a step of a path.</summary>
    public static string NameOf(string name) =>
        JsonPath.TryParse("$." + name, out var path) && path.Steps is [{ Name: { } plain }] && plain == name ? "." + name : $"['{name}']";

    private static void ReadBucket(ModelStructure structure, JsonProperty bucket, Faults faults)
    {
        if (!TryFind(structure, bucket.Name, out var place) || bucket.Value.ValueKind != JsonValueKind.Object)
        {
            faults.Add(Quote.Shorten(bucket.Name), "A bucket is an object, and its name the path of an object, such as $.lines[*].");
            return;
        }
        place.AsObject();
        foreach (var entry in bucket.Value.EnumerateObject().TakeWhile(_ => !structure.IsOverfull))
        {
            if (TryReadEntry(place, entry)) continue;
            faults.Add(Quote.Shorten(bucket.Name + entry.Name), "It is neither a field with its type nor a mark of an object.");
        }
    }

    private static bool TryReadEntry(ModelStructure bucket, JsonProperty entry)
    {
        var text = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
        if (entry.Name.StartsWith('#')) return text is Object or ArrayElement; // the buckets themselves say the same
        if (!TryFind(bucket, "$" + entry.Name, out var place)) return false;
        foreach (var name in text.StartsWith('[') && text.EndsWith(']') ? text[1..^1].Split(',', StringSplitOptions.TrimEntries) : [text])
        {
            if (!DataTypes.TryFind(name, out var type)) return false;
            place.Add(type);
        }
        return true;
    }

    private static bool TryFind(ModelStructure from, string text, out ModelStructure place)
    {
        place = from;
        if (!JsonPath.TryParse(text, out var path) || path.Steps.Any(step => step.Index is not null)) return false;
        foreach (var step in path.Steps) place = step.Name is { } name ? place.Field(name) : place.AsArray();
        return true;
    }

    private static void Describe(ModelStructure place, string path, Dictionary<string, SortedDictionary<string, string>> buckets)
    {
        var bucket = buckets[path] = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (path.EndsWith(AnyElement, StringComparison.Ordinal)) bucket["#"] = ArrayElement;
        foreach (var (name, field) in place.Fields) DescribeIn(field, bucket, path, NameOf(name), buckets);
    }

    private static void DescribeIn(
        ModelStructure place, SortedDictionary<string, string> bucket, string path, string name,
        Dictionary<string, SortedDictionary<string, string>> buckets)
    {
        if (!place.Types.HasNoValue || place.IsUnknown) bucket[name] = place.Types.ToString();
        if (place.IsObject)
        {
            bucket["#" + name.Replace(AnyElement, "", StringComparison.Ordinal)] = Object;
            Describe(place, path + name, buckets);
        }
        if (place.Element is not null) DescribeIn(place.Element, bucket, path, name + AnyElement, buckets);
    }
}
