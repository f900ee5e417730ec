using System.Globalization;
using Strata.Entities.Conditions;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes a condition as SQL, by the meaning that <see cref="Condition"/> states and <see cref="ConditionEvaluator"/> has in memory; a
/// property test holds the two together. Every part below a <c>not</c> is true or false and never null, so that it turns one into the
/// other.
/// </summary>
/// <param name="isIndexed">Returns whether a declared index holds a path's values; null: none does.</param>
internal sealed class ConditionSql(SqlParameters parameters, string alias, Predicate<JsonPath>? isIndexed = null)
{
    private readonly ComparisonSql comparisons = new(parameters);
    private int elements;

    /// <summary>Whether what was written may be found by a declared index.</summary>
    public bool UsesIndex { get; private set; }

    public string Write(Condition condition) => condition switch
    {
        Condition.All { Parts: [] } => "true",
        Condition.All all => Join(all.Parts, " and "),
        Condition.Any { Parts: [] } => "false",
        Condition.Any any => Join(any.Parts, " or "),
        Condition.Not not => Negated(not.Part),
        Condition.Compare { Field: Field.Path path } compare =>
            WithIndex(At($"{alias}.document", path.Value.Steps, 0, compare), path.Value, compare),
        Condition.Compare { Field: Field.Meta meta } compare => Fact(meta.Value, compare),
        _ => throw new ArgumentException($"Unknown condition {condition}.", nameof(condition)),
    };

    /// <summary>Where nothing is negated null may stand for false, which leaves PostgreSQL comparisons that it can estimate.</summary>
    private string Negated(Condition part)
    {
        var outer = comparisons.MayBeNull;
        comparisons.MayBeNull = false;
        var text = $"(not {Write(part)})";
        comparisons.MayBeNull = outer;
        return text;
    }

    private string Join(IReadOnlyList<Condition> parts, string word) => $"({string.Join(word, parts.Select(Write))})";

    private string WithIndex(string comparison, JsonPath path, Condition.Compare compare)
    {
        if (isIndexed?.Invoke(path) != true) return comparison;
        if (new IndexSql(parameters).Write(Follow(parameters, $"{alias}.document", path), compare) is not { } key) return comparison;
        UsesIndex = true;
        return $"({comparison} and {key})";
    }

    private string At(string value, IReadOnlyList<JsonPath.Step> steps, int at, Condition.Compare compare)
    {
        for (; at < steps.Count; at++)
        {
            if (steps[at] is { Name: null, Index: null }) return AnyElement(value, steps, at + 1, compare);
            value = Follow(parameters, value, steps[at]);
        }
        return comparisons.OfJson(value, compare);
    }

    private string AnyElement(string array, IReadOnlyList<JsonPath.Step> steps, int next, Condition.Compare compare)
    {
        var element = string.Create(CultureInfo.InvariantCulture, $"e{++elements}");
        return $"(exists (select from jsonb_array_elements(case when jsonb_typeof({array}) = 'array' then {array} else '[]' end) as {element} (v) "
            + $"where {At($"{element}.v", steps, next, compare)}))";
    }

    /// <param name="path">Without wildcards.</param>
    public static string Follow(SqlParameters parameters, string value, JsonPath path) =>
        path.Steps.Aggregate(value, (found, step) => Follow(parameters, found, step));

    /// <summary>A name finds nothing in an array; an index would find an object's only scalar, so it needs to see an array.</summary>
    private static string Follow(SqlParameters parameters, string value, JsonPath.Step step) => step.Name is { } name
        ? $"({value} -> {parameters.Add(name)})"
        : $"(case when jsonb_typeof({value}) = 'array' then {value} -> {step.Index!.Value.ToString(CultureInfo.InvariantCulture)} end)";

    private string Fact(MetaField field, Condition.Compare compare) => field switch
    {
        MetaField.State => comparisons.OfText($"{alias}.state", compare),
        MetaField.Id => comparisons.OfText($"{alias}.entity::text collate \"C\"", compare),
        MetaField.TransactionId => comparisons.OfText($"{alias}.commit::text collate \"C\"", compare),
        MetaField.TransitionForLatestSave => comparisons.OfText($"{alias}.transition", compare),
        MetaField.CreationDate => comparisons.OfTime($"{alias}.created_at", compare),
        MetaField.LastUpdateTime => comparisons.OfTime($"{alias}.changed_at", compare),
        _ => throw new ArgumentException($"Unknown field {field}.", nameof(field)),
    };
}
