using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Conditions;

/// <summary>One comparison of a condition, and how it turned out for an entity.</summary>
/// <param name="Field">A path such as <c>$.amount</c>, or a fact such as <c>state</c>.</param>
/// <param name="Operator">As the entity API spells it.</param>
/// <param name="Wanted">The constants that it compares with.</param>
/// <param name="Found">What the entity has there: none where it has nothing, several where the path has a wildcard. Long values are
/// cut.</param>
/// <param name="IsToBlame">Whether the condition as a whole does not hold because of it.</param>
public sealed record Verdict(
    string Field, string Operator, IReadOnlyList<JsonText> Wanted, IReadOnlyList<JsonText> Found, bool Holds, bool IsToBlame);

/// <summary>
/// Explains why a criterion does or does not hold for an entity, comparison by comparison. Agrees with <see cref="CriterionEvaluator"/>.
/// Stateless.
/// </summary>
public static class ConditionExplainer
{
    /// <summary>Comparisons reported; a larger condition is still evaluated in full.</summary>
    public const int VerdictsMax = 100;

    private const int FoundMax = 5;

    public static IReadOnlyList<Verdict> Explain(Condition condition, EntityRevision entity)
    {
        using var document = entity.Document.Parse();
        var verdicts = new List<Verdict>();
        Visit(condition, false, new Subject(document.RootElement, entity), verdicts);
        return verdicts;
    }

    /// <summary>Whether a part holds; a part that does what is wanted of it takes the blame from all that it is made of.</summary>
    private static bool Visit(Condition condition, bool isNegated, Subject subject, List<Verdict> into)
    {
        var start = into.Count;
        var holds = condition switch
        {
            Condition.All all => VisitAll(all.Parts, isNegated, subject, into) == all.Parts.Count,
            Condition.Any any => VisitAll(any.Parts, isNegated, subject, into) > 0,
            Condition.Not not => !Visit(not.Part, !isNegated, subject, into),
            Condition.Compare compare => Compare(compare, isNegated, subject, into),
            _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
        };
        if (holds == isNegated) return holds;
        for (var i = start; i < into.Count; i++) into[i] = into[i] with { IsToBlame = false };
        return holds;
    }

    private static int VisitAll(IReadOnlyList<Condition> parts, bool isNegated, Subject subject, List<Verdict> into) =>
        parts.Count(part => Visit(part, isNegated, subject, into));

    private static bool Compare(Condition.Compare compare, bool isNegated, Subject subject, List<Verdict> into)
    {
        var holds = CriterionEvaluator.Holds(compare, subject.Document, subject.Entity);
        if (into.Count < VerdictsMax)
            into.Add(
                new Verdict(ConditionWords.Of(compare.Field), ConditionNames.Of(compare.Operator), compare.Values,
                    Find(compare.Field, subject), holds, holds == isNegated));
        return holds;
    }

    private static List<JsonText> Find(Field field, Subject subject)
    {
        var found = new List<JsonText>();
        if (field is Field.Path path) Collect(subject.Document, path.Value.Steps, 0, found);
        else if (field is Field.Meta meta && Fact(meta.Value, subject.Entity) is { } fact)
            found.Add(ConditionWords.Cut(JsonSerializer.SerializeToElement(fact)));
        return found;
    }

    private static void Collect(JsonElement value, IReadOnlyList<JsonPath.Step> steps, int at, List<JsonText> into)
    {
        for (; at < steps.Count; at++)
        {
            if (steps[at] is not { Name: null, Index: null })
            {
                value = steps[at].Follow(value);
                continue;
            }
            if (value.ValueKind != JsonValueKind.Array) return;
            foreach (var element in value.EnumerateArray().TakeWhile(_ => into.Count < FoundMax)) Collect(element, steps, at + 1, into);
            return;
        }
        if (value.ValueKind != JsonValueKind.Undefined) into.Add(ConditionWords.Cut(value));
    }

    private static string? Fact(MetaField field, EntityRevision entity) => field switch
    {
        MetaField.CreationDate => ConditionWords.Of(entity.CreatedAt),
        MetaField.LastUpdateTime => ConditionWords.Of(entity.ChangedAt),
        MetaField.State => entity.State,
        MetaField.Id => entity.Id.ToString(),
        MetaField.TransactionId => entity.Commit.ToString(),
        _ => entity.Transition,
    };

    private readonly record struct Subject(JsonElement Document, EntityRevision Entity);
}
