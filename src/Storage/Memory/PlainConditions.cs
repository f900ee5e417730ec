using System.Text.Json;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Equality, null tests and their combinations.</summary>
internal static class PlainConditions
{
    public static bool Matches(Condition condition, EntityRevision entity) => condition switch
    {
        Condition.All all => all.Parts.All(p => Matches(p, entity)),
        Condition.Any any => any.Parts.Any(p => Matches(p, entity)),
        Condition.Not not => !Matches(not.Part, entity),
        Condition.Compare compare => Holds(compare, entity),
        _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
    };

    private static bool Holds(Condition.Compare compare, EntityRevision entity)
    {
        using var document = entity.Document.Parse();
        var value = compare.Field is Field.Path path ? Follow(document.RootElement, path.Value) : JsonSerializer.SerializeToElement(Fact(compare.Field, entity));
        var isNull = value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;
        var equal = !isNull && compare.Values.Any(v => JsonElement.DeepEquals(v.Parse().RootElement, value));
        return compare.Operator switch
        {
            Operator.IsNull => isNull,
            Operator.NotNull => !isNull,
            Operator.Equal or Operator.In => equal,
            Operator.NotEqual => !isNull && !equal,
            _ => throw new NotSupportedException($"{compare.Operator}"),
        };
    }

    private static JsonElement Follow(JsonElement value, JsonPath path)
    {
        foreach (var step in path.Steps)
            value = step.Name is { } name && value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default;
        return value;
    }

    private static string? Fact(Field field, EntityRevision entity) => field switch
    {
        Field.Meta { Value: MetaField.State } => entity.State,
        Field.Meta { Value: MetaField.Id } => entity.Id.ToString(),
        _ => entity.Transition,
    };
}
