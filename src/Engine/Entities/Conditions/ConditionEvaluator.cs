using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Conditions;

/// <summary>
/// Evaluates conditions in memory, by the meaning that <see cref="Condition"/> states. Two points that it leaves open: a path with a
/// wildcard over a value that is not an array selects nothing, so nothing holds for it, null tests included; times among the facts of an
/// entity compare as instants to the microsecond and answer to no operator on text. Stateless.
/// </summary>
public static class ConditionEvaluator
{
    public static bool Matches(Condition condition, EntityRevision entity)
    {
        using var subject = new Subject(entity);
        return Holds(condition, subject);
    }

    /// <summary>One comparison on an entity whose document is parsed already.</summary>
    internal static bool Holds(Condition.Compare compare, JsonElement document, EntityRevision entity) => compare.Field switch
    {
        Field.Path path => HoldsAt(document, path.Value.Steps, 0, compare),
        Field.Meta meta => HoldsForFact(meta.Value, compare, entity),
        _ => throw new ArgumentException($"Unknown field {compare.Field}.", nameof(compare)),
    };

    /// <summary>
    /// A constant of a comparison with a time: RFC 3339 in a JSON string, cut to the microsecond. What is left out of it is taken to be its
    /// first moment, in UTC: 2026-11 is 2026-11-01T00:00:00Z.
    /// </summary>
    public static bool TryReadTime(JsonText constant, out DateTimeOffset time)
    {
        time = default;
        var scalar = JsonScalar.Read(constant.Utf8.Span);
        return scalar.Type == ScalarType.String && Rfc3339.TryParseCoarse(Encoding.UTF8.GetString(scalar.Utf8), out time);
    }

    private static bool Holds(Condition condition, Subject subject) => condition switch
    {
        Condition.All all => all.Parts.All(part => Holds(part, subject)),
        Condition.Any any => any.Parts.Any(part => Holds(part, subject)),
        Condition.Not not => !Holds(not.Part, subject),
        Condition.Compare { Field: Field.Path path } compare => HoldsAt(subject.Root, path.Value.Steps, 0, compare),
        Condition.Compare { Field: Field.Meta meta } compare => HoldsForFact(meta.Value, compare, subject.Entity),
        _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
    };

    private static bool HoldsAt(JsonElement value, IReadOnlyList<JsonPath.Step> steps, int at, Condition.Compare compare)
    {
        for (; at < steps.Count; at++)
        {
            if (steps[at] is { Name: null, Index: null }) return AnyElementHolds(value, steps, at + 1, compare);
            value = steps[at].Follow(value);
        }
        return compare.Operator switch
        {
            Operator.IsNull => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null,
            Operator.NotNull => value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null),
            _ => ScalarComparison.Holds(JsonScalar.Read(value), compare.Operator, compare.Values),
        };
    }

    private static bool AnyElementHolds(JsonElement array, IReadOnlyList<JsonPath.Step> steps, int next, Condition.Compare compare)
    {
        if (array.ValueKind != JsonValueKind.Array) return false;
        foreach (var element in array.EnumerateArray())
        {
            if (HoldsAt(element, steps, next, compare)) return true;
        }
        return false;
    }

    private static bool HoldsForFact(MetaField field, Condition.Compare compare, EntityRevision entity) => field switch
    {
        MetaField.CreationDate => HoldsForTime(entity.CreatedAt, compare),
        MetaField.LastUpdateTime => HoldsForTime(entity.ChangedAt, compare),
        MetaField.State => HoldsForText(entity.State, compare),
        MetaField.Id => HoldsForText(entity.Id.ToString(), compare),
        MetaField.TransactionId => HoldsForText(entity.Commit.ToString(), compare),
        _ => HoldsForText(entity.Transition, compare),
    };

    private static bool HoldsForText(string? text, Condition.Compare compare) => compare.Operator switch
    {
        Operator.IsNull => text is null,
        Operator.NotNull => text is not null,
        _ => text is not null && ScalarComparison.Holds(
            new JsonScalar(ScalarType.String, Encoding.UTF8.GetBytes(text)), compare.Operator, compare.Values),
    };

    private static bool HoldsForTime(DateTimeOffset time, Condition.Compare compare) => compare.Operator switch
    {
        Operator.IsNull => false,
        Operator.NotNull => true,
        _ => ScalarComparison.Holds(Rfc3339.CutToMicrosecond(time), compare.Operator, compare.Values),
    };

    /// <summary>An entity whose document is parsed once, and only if a path looks into it.</summary>
    private sealed class Subject(EntityRevision entity) : IDisposable
    {
        private JsonDocument? document;

        public EntityRevision Entity => entity;

        public JsonElement Root => (document ??= entity.Document.Parse()).RootElement;

        public void Dispose() => document?.Dispose();
    }
}
