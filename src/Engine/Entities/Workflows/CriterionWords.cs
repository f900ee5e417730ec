using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>Criteria in words, for audit trails and people. Stateless.</summary>
internal static class CriterionWords
{
    public static string ToWords(this Criterion criterion) => criterion.Condition is { } condition
        ? ConditionWords.Of(condition)
        : ConditionWords.Bound(
            $"function \"{criterion.Function!.Name}\"{(criterion.Function.Guard is { } guard ? $" where {ConditionWords.Of(guard)}" : "")}");

    /// <summary>Why a criterion that does not hold for an entity does not.</summary>
    public static string WhyNot(this Criterion criterion, EntityRevision entity)
    {
        var verdicts = criterion.Explain(entity);
        return verdicts.Any(verdict => verdict.IsToBlame) || criterion.Function is null
            ? ConditionWords.WhyNot(verdicts)
            : ConditionWords.Bound($"the function \"{criterion.Function.Name}\" returned false");
    }

    /// <summary>Comparison by comparison; for a function only its guard can be explained.</summary>
    public static IReadOnlyList<Verdict> Explain(this Criterion criterion, EntityRevision entity) =>
        (criterion.Condition ?? criterion.Function?.Guard) is { } condition ? ConditionExplainer.Explain(condition, entity) : [];
}
