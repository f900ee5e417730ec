namespace Strata.Entities.Conditions;

/// <summary>
/// Operators, written as in the entity API by <see cref="ConditionJson"/> (Equal is EQUALS, and so on). From Contains on they are of text
/// only.
/// </summary>
public enum Operator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    BetweenInclusive,
    In,
    IsNull,
    NotNull,
    Contains,
    NotContains,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Like,
    MatchesPattern,
    EqualIgnoringCase,
    NotEqualIgnoringCase,
    ContainsIgnoringCase,
    NotContainsIgnoringCase,
    StartsWithIgnoringCase,
    NotStartsWithIgnoringCase,
    EndsWithIgnoringCase,
    NotEndsWithIgnoringCase,
}

/// <summary>What is true of operators wherever they are evaluated.</summary>
public static class Operators
{
    /// <summary>Whether it compares text with text only.</summary>
    public static bool IsOfText(this Operator @operator) => @operator >= Operator.Contains;

    /// <summary>The operator that says the same of two texts after <see cref="TextFolding"/>; null for a case-sensitive one.</summary>
    public static Operator? WhenFolded(this Operator @operator) => @operator switch
    {
        Operator.EqualIgnoringCase => Operator.Equal,
        Operator.NotEqualIgnoringCase => Operator.NotEqual,
        Operator.ContainsIgnoringCase => Operator.Contains,
        Operator.NotContainsIgnoringCase => Operator.NotContains,
        Operator.StartsWithIgnoringCase => Operator.StartsWith,
        Operator.NotStartsWithIgnoringCase => Operator.NotStartsWith,
        Operator.EndsWithIgnoringCase => Operator.EndsWith,
        Operator.NotEndsWithIgnoringCase => Operator.NotEndsWith,
        _ => null,
    };
}
