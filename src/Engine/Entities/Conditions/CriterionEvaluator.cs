using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Conditions;

/// <summary>
/// Evaluates conditions as criteria: as <see cref="ConditionEvaluator"/>, but a constant is read as the type of the value that it meets, so
/// that "30" and
/// 30 mean the same. A search reads its constants by the model's types; what is in an entity has the types of its model, so the two agree.
/// Stateless.
/// </summary>
public static class CriterionEvaluator
{
    public static bool Matches(Condition condition, EntityRevision entity)
    {
        using var document = entity.Document.Parse();
        return Holds(condition, document.RootElement, entity);
    }

    internal static bool Holds(Condition.Compare compare, JsonElement document, EntityRevision entity) =>
        ConditionEvaluator.Holds(compare, document, entity)
        || (compare.Field is Field.Path && OtherWays(compare).Any(way => ConditionEvaluator.Holds(way, document, entity)));

    private static bool Holds(Condition condition, JsonElement document, EntityRevision entity) => condition switch
    {
        Condition.All all => all.Parts.All(part => Holds(part, document, entity)),
        Condition.Any any => any.Parts.Any(part => Holds(part, document, entity)),
        Condition.Not not => !Holds(not.Part, document, entity),
        Condition.Compare compare => Holds(compare, document, entity),
        _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
    };

    /// <summary>
    /// The comparison with its constants as text, and as what the text says. A value compares with constants of its own type only, so at
    /// most one of the ways has a say.
    /// </summary>
    private static IEnumerable<Condition.Compare> OtherWays(Condition.Compare compare)
    {
        if (With(compare, AsText) is { } text) yield return text;
        if (!compare.Operator.IsOfText() && With(compare, AsValue) is { } value) yield return value;
    }

    private static Condition.Compare? With(Condition.Compare compare, Func<JsonText, JsonText?> read)
    {
        var constants = compare.Values.Select(read).OfType<JsonText>().ToArray();
        return constants.Length == compare.Values.Count || (compare.Operator == Operator.In && constants.Length > 0)
            ? compare with { Values = constants } : null;
    }

    private static JsonText? AsText(JsonText constant) => JsonScalar.Read(constant.Utf8.Span).Type switch
    {
        ScalarType.String => constant,
        ScalarType.None => null,
        _ => new JsonText(Encoding.UTF8.GetBytes($"\"{constant}\"")),
    };

    private static JsonText? AsValue(JsonText constant)
    {
        var scalar = JsonScalar.Read(constant.Utf8.Span);
        if (scalar.Type != ScalarType.String) return constant;
        var inside = scalar.Utf8.ToArray();
        return JsonGuard.Check(inside).IsOk && JsonScalar.Read(inside).Type is not (ScalarType.String or ScalarType.None)
            ? new JsonText(inside) : null;
    }
}
