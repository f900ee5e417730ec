using System.Text;

namespace Strata.Entities.Conditions;

/// <summary>What each operator of text says of two texts in UTF-8. A pattern that is none holds for nothing.</summary>
internal static class TextComparison
{
    public static bool Holds(ReadOnlySpan<byte> text, Operator @operator, ReadOnlySpan<byte> other) => @operator.WhenFolded() is { } exact
        ? HoldsExactly(TextFolding.Fold(text), exact, TextFolding.Fold(other))
        : HoldsExactly(text, @operator, other);

    private static bool HoldsExactly(ReadOnlySpan<byte> text, Operator @operator, ReadOnlySpan<byte> other) => @operator switch
    {
        Operator.Equal => text.SequenceEqual(other),
        Operator.NotEqual => !text.SequenceEqual(other),
        Operator.Contains => text.IndexOf(other) >= 0,
        Operator.NotContains => text.IndexOf(other) < 0,
        Operator.StartsWith => text.StartsWith(other),
        Operator.NotStartsWith => !text.StartsWith(other),
        Operator.EndsWith => text.EndsWith(other),
        Operator.NotEndsWith => !text.EndsWith(other),
        Operator.Like => LikePattern.TryParse(Encoding.UTF8.GetString(other), out var like) && like.IsMatch(text),
        Operator.MatchesPattern => RegularExpression.TryParse(Encoding.UTF8.GetString(other), out var expression, out _)
            && expression.IsMatch(text),
        _ => false,
    };
}
