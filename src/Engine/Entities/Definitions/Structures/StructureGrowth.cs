using System.Globalization;
using System.Text.Json;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// Extends a structure by what a document has and it does not, and reports each change with the level that it needs. What the structure
/// already holds stays as it is: a DOUBLE that is sent 3 remains one. For one document.
/// </summary>
internal sealed class StructureGrowth
{
    /// <summary>Changes that are listed one by one; all count for <see cref="Needs"/>.</summary>
    public const int ChangesMax = 50;

    private readonly List<StructureChange> changes = [];
    private readonly List<string> path = [];

    /// <summary>In the order of the document, the first <see cref="ChangesMax"/>.</summary>
    public IReadOnlyList<StructureChange> Changes => changes;

    public int Count { get; private set; }

    /// <summary>The level that allows all of it; None: nothing has changed.</summary>
    public ChangeLevel Needs { get; private set; }

    public static StructureGrowth Of(ModelStructure structure, JsonElement document)
    {
        var growth = new StructureGrowth();
        if (document.ValueKind == JsonValueKind.Object) growth.Grow(structure, document, ChangeLevel.Type);
        else growth.Add(ChangeLevel.Structural, "is not an object");
        return growth;
    }

    /// <param name="forScalar">What a new type of a scalar needs at this place.</param>
    private void Grow(ModelStructure place, JsonElement value, ChangeLevel forScalar)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when place.IsObject:
                foreach (var member in value.EnumerateObject()) GrowMember(place, member);
                break;
            case JsonValueKind.Array when place.Element is not null:
                GrowElements(place.Element, value);
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
                GrowKind(place, value, forScalar);
                break;
            default:
                GrowScalar(place, value, forScalar);
                break;
        }
    }

    private void GrowKind(ModelStructure place, JsonElement value, ChangeLevel forScalar)
    {
        var kind = value.ValueKind == JsonValueKind.Object ? "an object" : "an array";
        Add(place.IsUnknown ? forScalar : ChangeLevel.Structural, $"is {kind}, and the model has {KindsOf(place)} there");
        place.Merge(value);
    }

    private void GrowMember(ModelStructure place, JsonProperty member)
    {
        path.Add(Quote.Shorten(member.Name));
        if (place.Fields.TryGetValue(member.Name, out var field))
        {
            Grow(field, member.Value, ChangeLevel.Type);
        }
        else
        {
            Add(ChangeLevel.Structural, "is not in the model");
            if (!place.IsOverfull) place.Field(member.Name).Merge(member.Value);
        }
        path.RemoveAt(path.Count - 1);
    }

    private void GrowElements(ModelStructure element, JsonElement array)
    {
        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            path.Add($"[{(index++).ToString(CultureInfo.InvariantCulture)}]");
            Grow(element, item, ChangeLevel.ArrayElements);
            path.RemoveAt(path.Count - 1);
        }
    }

    private void GrowScalar(ModelStructure place, JsonElement value, ChangeLevel forScalar)
    {
        if (value.ValueKind == JsonValueKind.Null || Holds(place.Types, value)) return;
        var actual = DataTypes.Classify(value);
        if (place.Types.HasNoValue && !place.IsUnknown)
            Add(ChangeLevel.Structural, $"is {DataTypes.Of(actual)}, and the model has {KindsOf(place)} there");
        else Add(forScalar, $"is {DataTypes.Of(actual)}, and the model has {place.Types} there", place.Types, actual);
        place.Add(actual);
    }

    private static bool Holds(TypeSet types, JsonElement value)
    {
        var scalar = JsonScalar.Read(value);
        return scalar.Type switch
        {
            ScalarType.String => TextTypes.Hold(types, scalar.Utf8),
            ScalarType.Number => NumberTypes.Hold(types, scalar.Utf8),
            _ => types.Has(DataType.Boolean),
        };
    }

    private void Add(ChangeLevel needs, string message, TypeSet? declared = null, DataType actual = DataType.Null)
    {
        Count++;
        if (needs > Needs) Needs = needs;
        if (changes.Count < ChangesMax) changes.Add(new StructureChange(PathText(), needs, message, declared, actual));
    }

    private string PathText() => string.Join('.', path).Replace(".[", "[", StringComparison.Ordinal);

    private static string KindsOf(ModelStructure place)
    {
        List<string> kinds = [];
        if (place.IsObject) kinds.Add("an object");
        if (place.Element is not null) kinds.Add("an array");
        if (kinds.Count == 0 || !place.Types.HasNoValue) kinds.Add(place.Types.ToString());
        return string.Join(" or ", kinds);
    }
}
