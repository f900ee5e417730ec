using System.Text.Json;
using Strata.Entities.Conditions;

namespace Strata.Entities.Json;

/// <summary>Following paths into parsed JSON. What is not there is Undefined.</summary>
internal static class JsonPaths
{
    /// <summary>A path without wildcards.</summary>
    public static JsonElement Follow(this JsonPath path, JsonElement value)
    {
        foreach (var step in path.Steps) value = step.Follow(value);
        return value;
    }

    public static JsonElement Follow(this JsonPath.Step step, JsonElement value) => step switch
    {
        { Name: { } name } => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default,
        { Index: { } index } => value.ValueKind == JsonValueKind.Array && index < value.GetArrayLength() ? value[index] : default,
        _ => default,
    };
}
