using System.Text.Json;

namespace Strata.Entities.Conditions;

/// <summary>How many constants an operator takes.</summary>
internal enum ConstantCount
{
    None,
    One,
    Two,
    Any,
}

/// <summary>The entity API's spellings of operators and facts.</summary>
internal static class ConditionNames
{
    private static readonly Dictionary<Operator, string> Operators = new()
    {
        [Operator.Equal] = "EQUALS",
        [Operator.NotEqual] = "NOT_EQUAL",
        [Operator.Less] = "LESS_THAN",
        [Operator.LessOrEqual] = "LESS_OR_EQUAL",
        [Operator.Greater] = "GREATER_THAN",
        [Operator.GreaterOrEqual] = "GREATER_OR_EQUAL",
        [Operator.Between] = "BETWEEN",
        [Operator.BetweenInclusive] = "BETWEEN_INCLUSIVE",
        [Operator.In] = "IN_SET",
        [Operator.IsNull] = "IS_NULL",
        [Operator.NotNull] = "NOT_NULL",
        [Operator.Contains] = "CONTAINS",
        [Operator.NotContains] = "NOT_CONTAINS",
        [Operator.StartsWith] = "STARTS_WITH",
        [Operator.NotStartsWith] = "NOT_STARTS_WITH",
        [Operator.EndsWith] = "ENDS_WITH",
        [Operator.NotEndsWith] = "NOT_ENDS_WITH",
        [Operator.Like] = "LIKE",
        [Operator.MatchesPattern] = "MATCHES_PATTERN",
        [Operator.EqualIgnoringCase] = "IEQUALS",
        [Operator.NotEqualIgnoringCase] = "INOT_EQUAL",
        [Operator.ContainsIgnoringCase] = "ICONTAINS",
        [Operator.NotContainsIgnoringCase] = "INOT_CONTAINS",
        [Operator.StartsWithIgnoringCase] = "ISTARTS_WITH",
        [Operator.NotStartsWithIgnoringCase] = "INOT_STARTS_WITH",
        [Operator.EndsWithIgnoringCase] = "IENDS_WITH",
        [Operator.NotEndsWithIgnoringCase] = "INOT_ENDS_WITH",
    };

    private static readonly Dictionary<string, Operator> OperatorsByName = ReadableOperators();

    private static readonly Dictionary<string, MetaField> FieldsByName =
        new(Enum.GetValues<MetaField>()
            .ToDictionary(Of, StringComparer.Ordinal)) { ["previousTransition"] = MetaField.TransitionForLatestSave };

    public static string Of(Operator @operator) => Operators[@operator];

    public static string Of(MetaField field) => JsonNamingPolicy.CamelCase.ConvertName(field.ToString());

    public static bool TryFind(string name, out Operator @operator) => OperatorsByName.TryGetValue(name, out @operator);

    public static bool TryFind(string name, out MetaField field) => FieldsByName.TryGetValue(name, out field);

    public static ConstantCount ConstantsOf(Operator @operator) => @operator switch
    {
        Operator.IsNull or Operator.NotNull => ConstantCount.None,
        Operator.Between or Operator.BetweenInclusive => ConstantCount.Two,
        Operator.In => ConstantCount.Any,
        _ => ConstantCount.One,
    };

    // Clients of older dialects write NOT_EQUALS, INOT_EQUALS and IN.
    private static Dictionary<string, Operator> ReadableOperators()
    {
        var names = Operators.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        names["NOT_EQUALS"] = Operator.NotEqual;
        names["INOT_EQUALS"] = Operator.NotEqualIgnoringCase;
        names["IN"] = Operator.In;
        return names;
    }
}
