using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;

namespace Strata.EntityApi.Search;

/// <summary>Which types a model has at which path, as in its SIMPLE_VIEW.</summary>
internal sealed class ModelFields
{
    private readonly Dictionary<string, HashSet<FieldFamily>> scalars = new(StringComparer.Ordinal);
    private readonly HashSet<string> containers = new(StringComparer.Ordinal) { "$" };

    public ModelFields(ModelInfo model)
    {
        using var view = model.ToSimpleView().Parse();
        foreach (var bucket in view.RootElement.EnumerateObject())
        {
            AddContainer(bucket.Name);
            foreach (var field in bucket.Value.EnumerateObject().Where(f => !f.Name.StartsWith('#')))
                Add(bucket.Name + field.Name, field.Value);
        }
    }

    /// <summary>Paths that lead to one value, as they are written in a sort key: <c>customer.name</c>.</summary>
    public IEnumerable<string> SingleValues =>
        scalars.Keys.Where(p => p.StartsWith("$.", StringComparison.Ordinal) && !p.Contains("[*]", StringComparison.Ordinal))
            .Select(p => p[2..]);

    /// <summary>
    /// The families of values seen there: none if it holds only objects or arrays; null if the model does not have the path.
    /// </summary>
    public IReadOnlySet<FieldFamily>? At(JsonPath path)
    {
        var place = "$" + string.Concat(path.Steps.Select(step => step.Name is { } name ? ModelInfo.InView(name) : "[*]"));
        return scalars.TryGetValue(place, out var families) ? families : containers.Contains(place) ? new HashSet<FieldFamily>() : null;
    }

    /// <summary>The field that a path may have meant, written in full: <c>$.customer.name</c>; null: none is near.</summary>
    public string? Nearest(string path) =>
        NearestWord.To(path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path, SingleValues) is { } near ? "$." + near : null;

    private void Add(string place, JsonElement types)
    {
        AddContainer(place[..^(place.EndsWith("[*]", StringComparison.Ordinal) ? 3 : 0)]);
        var names = (types.GetString() ?? "").Trim('[', ']')
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        scalars[place] = [.. names.Select(FamilyOf)];
    }

    /// <summary>What holds elements is there without them too.</summary>
    private void AddContainer(string place)
    {
        while (containers.Add(place) && place.EndsWith("[*]", StringComparison.Ordinal)) place = place[..^3];
    }

    private static FieldFamily FamilyOf(string type) => type switch
    {
        "NULL" => FieldFamily.Null,
        "BOOLEAN" => FieldFamily.Boolean,
        "BYTE" or "SHORT" or "INTEGER" or "LONG" or "BIG_INTEGER" or "UNBOUND_INTEGER" => FieldFamily.Number,
        "FLOAT" or "DOUBLE" or "BIG_DECIMAL" or "UNBOUND_DECIMAL" => FieldFamily.Number,
        _ => FieldFamily.Text,
    };
}

/// <summary>Types that compare with each other.</summary>
internal enum FieldFamily
{
    Null,
    Boolean,
    Number,
    Text,
}
