using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// What is known of a model's documents: a tree of places. One place may be a scalar, an object and an array at once; each is kept. Grows
/// and never shrinks; not for concurrent use.
/// </summary>
internal sealed class ModelStructure
{
    /// <summary>Places in one model.</summary>
    public const int PlacesMax = 10_000;

    /// <summary>
    /// Documents of a model nest at most so deep, so that the structure, which nests twice as deep, stays within
    /// <see cref="JsonGuard.DepthMax"/>.
    /// </summary>
    public const int DepthMax = 40;

    private readonly SortedDictionary<string, ModelStructure> fields = new(StringComparer.Ordinal);
    private readonly Counter places;

    public ModelStructure() : this(new Counter()) { }

    private ModelStructure(Counter places)
    {
        this.places = places;
        places.Count++;
    }

    /// <summary>As a scalar; empty or NULL alone: no scalar was seen.</summary>
    public TypeSet Types { get; private set; }

    public bool IsObject { get; private set; }

    public IReadOnlyDictionary<string, ModelStructure> Fields => fields;

    /// <summary>As an array, the structure of its elements; null: no array was seen.</summary>
    public ModelStructure? Element { get; private set; }

    /// <summary>Of the whole structure that this place belongs to.</summary>
    public int Places => places.Count;

    /// <summary>
    /// Whether it has more places than a model may have: then samples add no more, so that no body can grow it without limit.
    /// </summary>
    public bool IsOverfull => places.Count > PlacesMax;

    public bool IsTooLarge => IsOverfull || Depth > DepthMax;

    /// <summary>Whether nothing but null was seen here.</summary>
    public bool IsUnknown => !IsObject && Element is null && Types.HasNoValue;

    private int Depth => 1 + Children.Select(child => child.Depth).DefaultIfEmpty().Max();

    private IEnumerable<ModelStructure> Children => Element is null ? fields.Values : fields.Values.Append(Element);

    /// <summary>Whether a path without wildcards leads to a place that is a scalar and nothing else.</summary>
    public bool IsScalar(JsonPath path)
    {
        var place = this;
        foreach (var step in path.Steps)
        {
            var next = step.Name is { } name ? place.fields.GetValueOrDefault(name) : place.Element;
            if (next is null) return false;
            place = next;
        }
        return place is { IsObject: false, Element: null, Types.IsEmpty: false };
    }

    /// <summary>Learns from a sample.</summary>
    public void Merge(JsonElement value)
    {
        if (IsOverfull) return;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                IsObject = true;
                foreach (var member in value.EnumerateObject()) Field(member.Name).Merge(member.Value);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) AsArray().Merge(item);
                AsArray();
                break;
            default:
                Add(DataTypes.Classify(value));
                break;
        }
    }

    public void Merge(ModelStructure other)
    {
        Types = Types.Widen(other.Types);
        IsObject |= other.IsObject;
        foreach (var (name, field) in other.fields) Field(name).Merge(field);
        if (other.Element is not null) AsArray().Merge(other.Element);
    }

    public void Add(DataType type) => Types = Types.Widen(type);

    public void AsObject() => IsObject = true;

    public ModelStructure AsArray() => Element ??= new ModelStructure(places);

    /// <summary>The node of a member, added if missing; this node is then an object.</summary>
    public ModelStructure Field(string name)
    {
        IsObject = true;
        if (!fields.TryGetValue(name, out var field)) fields[name] = field = new ModelStructure(places);
        return field;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static ModelStructure Read(JsonElement json) => Read(json, new Counter());

    /// <summary>In the form in which it is stored.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("types");
        foreach (var type in Types) writer.WriteStringValue(DataTypes.Of(type));
        writer.WriteEndArray();
        if (IsObject)
        {
            writer.WriteStartObject("fields");
            foreach (var (name, field) in fields)
            {
                writer.WritePropertyName(name);
                field.Write(writer);
            }
            writer.WriteEndObject();
        }
        if (Element is not null)
        {
            writer.WritePropertyName("element");
            Element.Write(writer);
        }
        writer.WriteEndObject();
    }

    private static ModelStructure Read(JsonElement json, Counter places)
    {
        var structure = new ModelStructure(places);
        foreach (var type in json.GetProperty("types").EnumerateArray())
        {
            if (DataTypes.TryFind(type.GetString()!, out var known)) structure.Types = structure.Types.And(known);
        }
        if (json.TryGetProperty("fields", out var fields))
        {
            structure.IsObject = true;
            foreach (var field in fields.EnumerateObject()) structure.fields[field.Name] = Read(field.Value, places);
        }
        if (json.TryGetProperty("element", out var element)) structure.Element = Read(element, places);
        return structure;
    }

    private sealed class Counter
    {
        public int Count { get; set; }
    }
}
