using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Conditions;

/// <summary>What each operator says of two scalars. Scalars of different types never compare: false, whatever the operator.</summary>
internal static class ScalarComparison
{
    public static bool Holds(JsonScalar value, Operator @operator, IReadOnlyList<JsonText> constants)
    {
        if (value.Type == ScalarType.None) return false;
        switch (@operator)
        {
            case Operator.In: return IsAmong(value, constants);
            case Operator.Between: return HoldsOne(value, Operator.Greater, constants[0]) && HoldsOne(value, Operator.Less, constants[1]);
            case Operator.BetweenInclusive:
                return HoldsOne(value, Operator.GreaterOrEqual, constants[0]) && HoldsOne(value, Operator.LessOrEqual, constants[1]);
            default: return HoldsOne(value, @operator, constants[0]);
        }
    }

    public static bool Holds(DateTimeOffset value, Operator @operator, IReadOnlyList<JsonText> constants) => @operator switch
    {
        Operator.In => constants.Any(constant => HoldsOne(value, Operator.Equal, constant)),
        Operator.Between => HoldsOne(value, Operator.Greater, constants[0]) && HoldsOne(value, Operator.Less, constants[1]),
        Operator.BetweenInclusive => HoldsOne(value, Operator.GreaterOrEqual, constants[0])
            && HoldsOne(value, Operator.LessOrEqual, constants[1]),
        _ => HoldsOne(value, @operator, constants[0]),
    };

    private static bool HoldsOne(DateTimeOffset value, Operator @operator, JsonText constant) =>
        ConditionEvaluator.TryReadTime(constant, out var other) && HoldsFor(value.CompareTo(other), @operator);

    private static bool HoldsOne(JsonScalar value, Operator @operator, JsonText constant)
    {
        var other = JsonScalar.Read(constant.Utf8.Span);
        if (other.Type != value.Type) return false;
        return @operator.IsOfText() ? value.Type == ScalarType.String && TextComparison.Holds(value.Utf8, @operator, other.Utf8)
            : HoldsFor(value.CompareTo(other), @operator);
    }

    private static bool IsAmong(JsonScalar value, IReadOnlyList<JsonText> constants)
    {
        foreach (var constant in constants)
        {
            if (HoldsOne(value, Operator.Equal, constant)) return true;
        }
        return false;
    }

    private static bool HoldsFor(int comparison, Operator @operator) => @operator switch
    {
        Operator.Equal => comparison == 0,
        Operator.NotEqual => comparison != 0,
        Operator.Less => comparison < 0,
        Operator.LessOrEqual => comparison <= 0,
        Operator.Greater => comparison > 0,
        Operator.GreaterOrEqual => comparison >= 0,
        _ => false,
    };
}
